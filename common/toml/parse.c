#include "common/toml/parse.h"

#include <stddef.h>

#include "common/toml/define.h"
#include "common/toml/key.h"
#include "common/toml/scan.h"
#include "common/toml/tree.h"
#include "common/toml/value.h"

/* [key] or [[key]]: the table that what follows belongs to; NULL with a complaint. */
static struct toml_node *
parse_header(struct toml_scan *scan, struct toml_node *root)
{
	struct toml_position at = toml_scan_here(scan);
	struct toml_key key;
	bool element;

	/* No blank may stand between the two brackets. */
	element = toml_scan_take(scan, "[[");
	if (!element)
		toml_scan_take(scan, "[");
	if (!toml_key_read(scan, &key))
		return NULL;
	if (!toml_scan_take(scan, element ? "]]" : "]")) {
		toml_scan_fail_here(scan,
				    "the header opened with %s in line %u is not closed: %s is "
				    "missing here",
				    element ? "[[" : "[", at.line, element ? "]]" : "]");
		return NULL;
	}
	return element ? toml_define_element(scan, root, &key, at)
		       : toml_define_table(scan, root, &key, at);
}

static bool
parse_line_end(struct toml_scan *scan, bool header, int quote)
{
	const char *shown;

	toml_scan_blanks(scan);
	toml_scan_comment(scan);
	if (toml_scan_newline(scan) || toml_scan_peek(scan) == -1)
		return true;
	if (toml_scan_fails_invisible(scan))
		return false;
	shown = toml_scan_quote(scan, toml_scan_character(scan));
	if (header)
		return toml_scan_fail_here(scan,
					   "unexpected %s behind the header: only a comment may "
					   "follow; keys go on lines of their own",
					   shown);
	if (quote == '"' || quote == '\'')
		return toml_scan_fail_here(scan,
					   "unexpected %s behind the closing quote: only a comment "
					   "may follow%s",
					   shown,
					   quote == '"'
					       ? "; a quote within the text is written \\\""
					       : "; text with a ' in it goes in \"...\"");
	if (toml_scan_peek(scan) == ',')
		return toml_scan_fail_here(scan, "unexpected comma behind the value: a list is "
						 "written in brackets, [1, 2]");
	return toml_scan_fail_here(
	    scan,
	    "unexpected %s behind the value: only a comment may follow; text "
	    "needs quotes around all of it",
	    shown);
}

static bool
parse_lines(struct toml_scan *scan, struct toml_node *root)
{
	struct toml_node *table = root;

	while (toml_scan_blanks(scan), toml_scan_peek(scan) != -1) {
		bool header = toml_scan_peek(scan) == '[';
		int quote = 0;

		toml_scan_comment(scan);
		if (!toml_scan_at_line_end(scan)) {
			if (header)
				table = parse_header(scan, root);
			else if (!toml_value_pair(scan, table))
				return false;
			if (table == NULL)
				return false;
			quote = (unsigned char)scan->next[-1];
		}
		if (!parse_line_end(scan, header, quote))
			return false;
	}
	return true;
}

struct toml_node *
toml_parse(struct arena *arena, struct slice text, unsigned flags, toml_warn_fn warn, void *arg,
	   struct why *why)
{
	struct toml_scan scan = {
	    .arena = arena, .flags = flags, .warn = warn, .arg = arg, .why = why};
	struct toml_node *root;

	if (!toml_scan_open(&scan, text))
		return NULL;
	root = toml_tree_new(arena, TOML_TABLE, toml_scan_here(&scan), 0);
	root->origin = TOML_ORIGIN_HEADER;
	return parse_lines(&scan, root) ? root : NULL;
}
