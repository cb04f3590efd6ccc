#!/bin/sh
# No promises in the code, and nothing of the machine somebody works on.
. "${srcdir:-.}/tests/rules/rule.sh"

texts() {
	find common master worker schema tests contrib README configure.ac Makefile.am -type f \
		! -path '*/corpus/*' ! -path '*/__pycache__/*' ! -path 'tests/rules/words.sh' \
		! -name '*.pyc' | sort
}

texts | xargs grep -nE '(^|[^A-Za-z])(TODO|FIXME|XXX)([^A-Za-z]|$)' |
	sed 's/^\([^:]*:[0-9]*\):.*/\1: a promise: do it, or say why not/' | rule_report

# Homes, and the folders this tree and its build happen to be in.
for place in '/home/' '/Users/' '/root/' "$rule_source" "$rule_build"; do
	texts | xargs grep -nF -e "$place" |
		sed 's/^\([^:]*:[0-9]*\):.*/\1: names a folder of one machine/'
done | sort -u | rule_report

# Absolute paths begin with a folder that every system has.
roots='bin|boot|dev|etc|lib|lib64|mnt|nonexistent|opt|proc|run|sbin|srv|sys|tmp|usr|var'
texts | grep -E '\.(c|h|py|sh|mk|toml|service|conf|[1-8])$|README|contrib/[a-z]*$' |
	xargs awk -v roots="^/($roots)\$" '
	{
		rest = $0
		gsub(/([A-Z]|\+) "\//, " ", rest) # something comes before it
		while (match(rest, /(^|[ "=(\047`])\/[a-z][a-z0-9]+\/[a-z]/)) {
			path = substr(rest, RSTART, RLENGTH)
			sub(/^[^\/]/, "", path)
			sub(/\/[^\/]*$/, "", path)
			if (path !~ roots)
				print FILENAME ":" FNR ": " path " is a folder of one machine"
			rest = substr(rest, RSTART + RLENGTH)
		}
	}' | rule_report
rule_end
