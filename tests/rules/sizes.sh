#!/bin/sh
# Files of 500 lines, headers of 150, functions of 60 without their tables, 6 parameters, and four
# levels of statements with the function's own.
. "${srcdir:-.}/tests/rules/rule.sh"

rule_files common master worker tests |
	xargs awk '
	function check_file() {
		limit = name ~ /\.h$/ ? 150 : 500
		if (lines > limit)
			print name ":" lines ": more than " limit " lines"
	}
	FNR == 1 && name != "" { check_file() }
	{ name = FILENAME; lines = FNR }
	END { check_file() }' | rule_report

# A function's body is between braces at the beginning of lines; a table is what is between "= {" and
# "};" in it.
rule_files common master worker tests |
	xargs awk '
	function arguments(text,   count) {
		gsub(/\([^()]*\)\(|\([^()]*\)\)/, "", text)
		sub(/,[ \t]*\.\.\./, "", text)
		count = gsub(/,/, "", text)
		return count + 1
	}
	FNR == 1 { inside = 0; table = 0; head = "" }
	/^[A-Za-z_].*\(/ && !inside && !/;$/ && !/^__attribute__/ {
		start = FNR
		head = ""
		function_name = $0
		sub(/\(.*/, "", function_name)
		sub(/.* /, "", function_name)
	}
	!inside && FNR >= start && start > 0 { head = head $0 }
	/^{/ {
		inside = 1
		length_of = FNR - start
		if (arguments(head) > 6 && head !~ /\(\*/)
			print FILENAME ":" start ": " function_name " has more than 6 parameters"
		tables = 0
	}
	inside && /^\t.*= {/ && !/};$/ { table = FNR }
	inside && table && /};$/ { tables += FNR - table; table = 0 }
	/^}/ && inside {
		if (FNR - start + 1 - tables > 60)
			print FILENAME ":" start ": " function_name " has " FNR - start + 1 - tables " lines"
		inside = 0
		start = 0
		head = ""
	}
	/^[^\t].*;$/ { start = 0 }
	inside && /^\t\t\t\t\t+[^\t ]/ && !/,$/ && !/^\t*["?:&|.{}]/ &&
	    (previous ~ /[;{}:]$/ || previous ~ /^\t\t\t\t(if|for|while|else|list_each)[^\t]*[)e]$/) {
		print FILENAME ":" FNR ": deeper than four levels"
	}
	{ previous = $0 }' | rule_report
rule_end
