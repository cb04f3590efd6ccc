#!/bin/sh
# What each program is linked with, read back from the programs: the architecture as libraries.
. "${srcdir:-.}/tests/rules/rule.sh"

linked() {
	ldd "$rule_build/$1" 2>/dev/null
}

for program in postriderd postrider postrider-sendmail postrider-worker; do
	if ! linked "$program" | grep -q 'libc\.so'; then
		echo "skipped: $program is not a dynamic ELF program"
		exit 77
	fi
done

never() {
	program=$1
	shift
	for library in "$@"; do
		linked "$program" | grep -F "$library." |
			sed "s/^[[:space:]]*/$program: must not be linked with /"
	done
}

{
	never postriderd libssl libcrypto libudns libidn2
	never postrider-worker libsqlite3
	never postrider libssl libcrypto libudns libidn2 libsqlite3
	never postrider-sendmail libssl libcrypto libudns libidn2 libsqlite3
	linked postriderd | grep -q 'libsqlite3\.' || echo "postriderd: has no libsqlite3"
	linked postrider-worker | grep -q 'libudns\.' || echo "postrider-worker: has no libudns"
} | rule_report
rule_end
