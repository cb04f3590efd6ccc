#!/bin/sh
# Every setting, command, function, variable and constant is in a manual page, and the pages have
# no others; and the pages are clean.
. "${srcdir:-.}/tests/rules/rule.sh"

made=$(mktemp -d) || exit 99
trap 'rm -rf "$rule_faults" "$made"' EXIT

# Names from a table: the first argument of a macro, or the first in quotes.
names() {
	awk -v macro="$1" -v argument="$2" '
	index($0, macro "(") == 1 {
		split(substr($0, length(macro) + 2), part, /, */)
		name = part[argument]
		gsub(/["()]/, "", name)
		print name
	}' "$3"
}

# Names a page explains: the first word of items marked so.
explained() {
	awk -v mark="$1" '$1 == ".It" && $2 == mark { print $3 }' "$2" | sed 's/^\\&//'
}

# The two lists hold the same.
same() {
	page=$1
	what=$2
	sort -u "$made/table" >"$made/a"
	sort -u "$made/page" >"$made/b"
	comm -23 "$made/a" "$made/b" | sed "s|.*|$page: does not explain the $what &|"
	comm -13 "$made/a" "$made/b" | sed "s|.*|$page: explains the $what &, which does not exist|"
}

{
	names SETTING 2 common/tbl/setting.def
	names SETTING_MEMBER 1 common/tbl/setting.def
} >"$made/table"
explained Ic common/settings/postrider.toml.5 >"$made/page"
same common/settings/postrider.toml.5 setting | rule_report

{
	names COMMAND 1 common/tbl/command.def
	echo check
	echo eval
} >"$made/table"
explained Cm master/cli/postrider.8 >"$made/page"
same master/cli/postrider.8 command | rule_report

page=common/expr/postrider-expr.7
names EXPR_FUNCTION 1 common/tbl/function.def >"$made/table"
explained Fn $page >"$made/page"
same $page function | rule_report
names EXPR_VARIABLE 2 common/tbl/variable.def >"$made/table"
explained Va $page >"$made/page"
same $page variable | rule_report
names EXPR_CONSTANT 2 common/tbl/constant.def >"$made/table"
explained Cm $page >"$made/page"
same $page constant | rule_report

for page in $(find common master worker schema -name '*.[1-8]' | sort); do
	grep -qF "$page" configure.ac Makefile.am $(find . -name module.mk) ||
		grep -qF "%D%/${page##*/}" "$(dirname "$page")/module.mk" ||
		echo "$page: is not installed"
done | rule_report

if command -v mandoc >/dev/null; then
	find common master worker schema -name '*.[1-8]' | sort |
		xargs mandoc -Tlint -W warning 2>&1 | sed 's/^mandoc: //' | rule_report
else
	echo "no mandoc: the form of the pages is not looked at"
fi
rule_end
