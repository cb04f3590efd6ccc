# Turns the .sql files of this folder, named as arguments in their order, into one C array.
# A line of SQL becomes one string constant, so that no constant gets long.

function begin_file(path,    parts, n)
{
	n = split(path, parts, "/")
	name = parts[n]
	if (count++)
		print "\t},"
	if (substr(name, 1, 3) + 0 != count) {
		print "embed.awk: " name " is not number " count > "/dev/stderr"
		failed = 1
		exit 1
	}
	printf "\t{\n\t\t.number = %d,\n\t\t.name = \"%s\",\n\t\t.sql =\n", count, name
}

BEGIN {
	print "/* Made by schema/embed.awk. */"
	print "#include \"schema/migrations.h\"\n"
	print "const struct schema_migration schema_migrations[] = {"
}

FNR == 1 {
	begin_file(FILENAME)
}

{
	gsub(/\\/, "\\\\")
	gsub(/"/, "\\\"")
	gsub(/\t/, "\\t")
	print "\t\t    \"" $0 "\\n\""
}

END {
	if (failed)
		exit 1
	print "\t},\n};\n"
	printf "const size_t schema_migrations_count = %d;\n", count
}
