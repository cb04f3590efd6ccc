#!/bin/sh
# Who may include whom. master and worker meet in common only; each library has one place; folders
# form layers, and so do the modules within a folder.
. "${srcdir:-.}/tests/rules/rule.sh"

includes() {
	rule_files common master worker |
		xargs awk '/^#[ \t]*include/ { print FILENAME ":" FNR, $2 }'
}

includes | awk '
function fault(text) {
	print $1 ": " text " (" $2 ")"
}
{
	file = $1
	sub(/:.*/, "", file)
	own = $2 ~ /^"/
	name = substr($2, 2, length($2) - 2)
	side = file
	sub(/\/.*/, "", side)
	other = name
	sub(/\/.*/, "", other)
}
own && name !~ /\// { fault("not a path from the root") }
own && side == "common" && other != "common" { fault("common includes only common") }
own && side == "master" && other == "worker" { fault("master never includes worker") }
own && side == "worker" && other != "worker" && other != "common" {
	fault("worker includes only worker and common")
}
own && file ~ /^master\/cli\// && name !~ /^(common|master\/cli)\// {
	fault("the programs of operators link without the master")
}
own && file !~ /^master\/cli\// && name ~ /^master\/cli\// { fault("master/cli is for programs") }
!own && name == "udns.h" && file != "worker/resolve/udns.c" {
	fault("udns is for worker/resolve/udns.c")
}
!own && name == "sqlite3.h" && file !~ /^master\/store\// { fault("SQLite is for master/store") }
!own && name ~ /^openssl\// && side != "worker" { fault("OpenSSL is for worker") }
!own && name == "idn2.h" && side != "worker" { fault("libidn2 is for worker") }
!own && name ~ /^event2?\/(http|dns|bufferevent_ssl|rpc)/ { fault("not used here") }
' | rule_report

# Layers of folders, what is used first. launch and sandbox know the roles of workers, which are
# the protocol's. The root of master and of worker is above and below its
# folders (core.c starts them all, subject.h and envelope.h are shapes that all use), so it is held
# to the second check, by modules, alone.
includes | awk '
BEGIN {
	order = "schema common/tbl common common/proto common/toml common/expr common/settings " \
		"master/store master/pool master/sched master/ctl master/cli " \
		"worker/resolve worker/sts worker/tls worker/smtp worker/deliver worker/submit"
	count = split(order, folders)
	for (i = 1; i <= count; i++)
		layer[folders[i]] = i
}
function folder(path) {
	sub(/\/[^\/]*$/, "", path)
	return path
}
$2 ~ /^".*\// {
	file = $1
	sub(/:.*/, "", file)
	above = folder(file)
	below = folder(substr($2, 2, length($2) - 2))
	if (above == "master" || above == "worker" || below == "master" || below == "worker")
		next
	if (file ~ /^common\/(launch|sandbox)\.[ch]$/)
		next
	if (!(above in layer) || !(below in layer))
		print $1 ": give " above " or " below " its layer in includes.sh"
	else if (layer[below] > layer[above])
		print $1 ": " above " is below " below
}' | rule_report

# Headers: a cycle of headers is a cycle of ideas.
includes | awk '
$2 ~ /^".*\.h"$/ && $1 ~ /\.h:/ {
	file = $1
	sub(/:.*/, "", file)
	print substr($2, 2, length($2) - 2), file
}' | tsort 2>&1 >/dev/null | sed 's/^tsort: *//' | grep '\.h$' |
	sed 's/$/: is part of a cycle of headers/' | rule_report

rule_end
