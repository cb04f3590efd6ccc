#!/bin/sh
# Form, banned calls, and names that tell their file.
. "${srcdir:-.}/tests/rules/rule.sh"

# The version matters: another one formats a few lines in another way.
if clang-format --version 2>/dev/null | grep -q 'version 14\.'; then
	rule_files common master worker schema tests |
		xargs clang-format --dry-run 2>&1 | grep 'clang-format-violations' |
		sed 's/ warning:.*/ clang-format would write it otherwise/' | rule_report
else
	echo "no clang-format 14: the form is not looked at"
fi

banned='v?sprintf|strcpy|strcat|gets|strtok|gmtime|localtime|system|popen|ato[ifl]|atoll|alloca|setjmp|longjmp|tmpnam|mktemp'
rule_files common master worker schema tests |
	xargs awk -v banned="(^|[^A-Za-z0-9_.>\"])($banned)\\\\(" '
	/^[ \t]*(\*|\/\*)/ { next }
	{ line = $0; gsub(/"([^"\\]|\\.)*"/, "\"\"", line) }
	line ~ banned { print FILENAME ":" FNR ": a banned call:" $0 }
	/\r$/ || /[ \t]$/ { print FILENAME ":" FNR ": ends with white space" }
	line ~ /^[ \t]*typedef/ && line !~ /\(/ && line !~ /_fn/ {
		print FILENAME ":" FNR ": a typedef that is not of a function"
	}
	line ~ /^extern / && FILENAME ~ /\.c$/ { print FILENAME ":" FNR ": extern in a .c file" }
	line ~ /\/\/ / && line !~ /:\/\// { print FILENAME ":" FNR ": a comment that begins with //" }' |
	rule_report

for header in $(find common master worker schema tests -name '*.h' | sort); do
	grep -q '^#pragma once$' "$header" || echo "$header:1: has no #pragma once"
done | rule_report

# worker/smtp/reply.c -> smtp_reply, sched/sched.c -> sched: what a name has to begin with.
prefix='
function prefix(path,   part, count, i, text) {
	sub(/\.[cho]$/, "", path)
	gsub(/-/, "_", path)
	count = split(path, part, "/")
	text = ""
	for (i = 2; i <= count; i++)
		if (!(i == count && i > 2 && part[i] == part[i - 1]))
			text = text (text == "" ? "" : "_") part[i]
	return text
}
function fits(symbol, path,   want) {
	want = prefix(path)
	return symbol == want || index(symbol, want "_") == 1 || symbol == "main"
}'

# Exported: functions and data of the objects. Two names are shorter than their file: slices live
# in str.c.
(cd "$rule_build" && find common master worker -name '*.o' | sort |
	xargs nm -A --defined-only --extern-only) |
	awk "$prefix"'
	{
		path = $1
		sub(/:.*/, "", path)
		source = path
		sub(/\.o$/, ".c", source)
	}
	$NF ~ /^__/ { next }
	path == "common/str.o" && $NF ~ /^slice_/ { next }
	!fits($NF, path) { print source ": exports " $NF " instead of " prefix(path) "_..." }' |
	rule_report

# Static functions begin with the stem at least.
rule_files common master worker |
	xargs awk "$prefix"'
	/^static/ { statically = FNR }
	/^[a-z_][a-z_0-9]*\(/ && FILENAME ~ /\.c$/ && statically == FNR - 1 {
		name = $0
		sub(/\(.*/, "", name)
		stem = FILENAME
		sub(/.*\//, "", stem)
		sub(/\.c$/, "", stem)
		gsub(/-/, "_", stem)
		if (index(name, stem "_") != 1 && !fits(name, FILENAME))
			print FILENAME ":" FNR ": " name " does not begin with " prefix(FILENAME) "_"
	}' | rule_report
rule_end
