#!/bin/sh
# What people copy works: the example configuration and the one of README are without errors, and
# the shell files parse.
. "${srcdir:-.}/tests/rules/rule.sh"

check() {
	"$rule_build/postrider" -c "$1" check >"$rule_faults.out" 2>&1 && return
	echo "$2: postrider check ended with status $?"
	sed "s|^|$2: |" "$rule_faults.out"
}
trap 'rm -f "$rule_faults" "$rule_faults.out" "$rule_faults.toml"' EXIT

check contrib/postrider.toml contrib/postrider.toml | rule_report

# README: what is indented between the words about the file and the next command.
awk '/postrider\.toml, with/ { on = 1; next } /^\tsudo/ { on = 0 } on { sub(/^\t/, ""); print }' \
	README >"$rule_faults.toml"
grep -q '^\[queue\.outbound\]' "$rule_faults.toml" || echo "README: has no configuration" | rule_report
check "$rule_faults.toml" README | rule_report

for file in contrib/check contrib/demo contrib/prepare .ci/run tests/rules/*.sh; do
	[ ! -e "$file" ] || sh -n "$file" 2>&1 | sed "s|^|$file: |"
done | rule_report

[ "$(wc -l <README)" -le 150 ] || echo "README: has more than 150 lines" | rule_report
rule_end
