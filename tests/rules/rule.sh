# Read by the rules of this folder: puts them into the source folder and collects what is wrong.
# shellcheck shell=sh
set -u
export LC_ALL=C

rule_build=$(pwd)
cd "${srcdir:-.}" || exit 99
rule_source=$(pwd)
rule_faults=$(mktemp) || exit 99
trap 'rm -f "$rule_faults"' EXIT

# The C files of the given folders.
rule_files() {
	find "$@" -name '*.[ch]' | sort
}

# Lines on standard input are faults, unless exceptions has the rule, the file and a word of it.
rule_report() {
	awk -v rule="$(basename "$0" .sh)" -v list=tests/rules/exceptions '
	BEGIN {
		while ((getline line < list) > 0)
			if (split(line, part) > 3 && part[1] == rule)
				borne[part[2], part[3]] = 1
	}
	{
		place = $1
		sub(/:.*/, "", place)
		for (i = 2; i <= NF; i++)
			if ((place, $i) in borne)
				next
		print
	}' >>"$rule_faults"
}

rule_end() {
	if [ -s "$rule_faults" ]; then
		cat "$rule_faults"
		echo "$(wc -l <"$rule_faults") faults"
		exit 1
	fi
	echo "no faults"
	exit 0
}
