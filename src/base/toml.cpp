/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The only C++ in Backlot: toml++ behind base/toml.h. No exception leaves this file, and whatever toml++
 * makes is copied into the arena and freed before toml_parse() returns.
 */
#include <algorithm>
#include <exception>
#include <string_view>
#include <vector>

/*
 * Text that is not TOML can make toml++ break its own assertions: "[" and a line end does. They are kept in
 * every build, since it goes on as if they held, and end the parse like any other error.
 */
struct toml_assertion {
};

[[noreturn]] static void break_off()
{
	throw toml_assertion();
}

#undef NDEBUG
#define TOML_ASSERT(expr) ((expr) ? static_cast<void>(0) : break_off())
#define TOML_EXCEPTIONS 1 /* without them it goes on after some errors */
#define TOML_HEADER_ONLY 1
#define TOML_ENABLE_FORMATTERS 0
#define TOML_ENABLE_WINDOWS_COMPAT 0
#define TOML_MAX_NESTED_VALUES 32 /* TOML_NESTING_MAX, which is not known yet */
#include <toml++/toml.h>

extern "C" {
#include "base/toml.h"
}

static_assert(TOML_NESTING_MAX == 32, "the two limits are one");

namespace
{

struct place {
	uint32_t line, column;
};

/* ---- before parsing ---- */

/*
 * Walks over the text as far as it takes to count the parts of dotted keys. toml++ makes a table for each
 * part and frees them by recursion, so that a long enough key would use up the stack. Where strings begin and
 * end is followed only as exactly as well-formed TOML needs it: the parser stops at the first thing that is
 * not.
 */
class key_scan
{
      public:
	explicit key_scan(std::string_view whole) : text(whole)
	{
	}

	bool find_long_key(place *where)
	{
		while (at < text.size()) {
			char c = text[at];
			if (c == '"' || c == '\'') {
				skip_string(c);
				continue;
			}
			if (c == '#') {
				while (at < text.size() && text[at] != '\n')
					at++;
				continue;
			}
			if (c == '.')
				dots++;
			else if (c == '\n' || c == '=' || c == ',' || c == '{' || c == '}' || c == '[' ||
				 c == ']')
				dots = 0;
			if (dots >= TOML_KEY_PARTS_MAX) {
				*where = { line, static_cast<uint32_t>(at - line_begin + 1) };
				return true;
			}
			step();
		}
		return false;
	}

      private:
	void step()
	{
		if (text[at++] == '\n') {
			line++;
			line_begin = at;
		}
	}

	void skip_string(char quote)
	{
		bool basic = quote == '"';
		bool multi_line = text.substr(at, 3) == (basic ? "\"\"\"" : "'''");
		std::string_view end = multi_line ? text.substr(at, 3) : text.substr(at, 1);
		at += end.size();
		while (at < text.size() && text.substr(at, end.size()) != end) {
			if (!multi_line && text[at] == '\n')
				return;
			if (basic && text[at] == '\\' && at + 1 < text.size() && text[at + 1] != '\n')
				at++;
			step();
		}
		at = std::min(at + end.size(), text.size());
		for (int more = 0; multi_line && more < 2 && at < text.size() && text[at] == quote; more++)
			at++; /* a string may end with quotes of its own: """a""""" */
	}

	std::string_view text;
	size_t at = 0, line_begin = 0;
	unsigned dots = 0;
	uint32_t line = 1;
};

place place_of_offset(std::string_view text, size_t offset)
{
	std::string_view before = text.substr(0, offset);
	size_t line_begin = before.rfind('\n') == before.npos ? 0 : before.rfind('\n') + 1;
	return { static_cast<uint32_t>(std::count(before.begin(), before.end(), '\n') + 1),
		 static_cast<uint32_t>(offset - line_begin + 1) };
}

/* ---- after parsing ---- */

str copy_text(arena *a, std::string_view text)
{
	return arena_str(a, str{ text.data(), text.size() });
}

toml_value *convert(arena *a, const toml::node &node);

toml_kind kind_of(const toml::node &node)
{
	switch (node.type()) {
	case toml::node_type::string:
		return TOML_STRING;
	case toml::node_type::integer:
		return TOML_INTEGER;
	case toml::node_type::floating_point:
		return TOML_FLOAT;
	case toml::node_type::boolean:
		return TOML_BOOL;
	case toml::node_type::array:
		return TOML_ARRAY;
	case toml::node_type::table:
		return TOML_TABLE;
	default:
		return TOML_DATE;
	}
}

void link_members(toml_value *parent, const std::vector<toml_value *> &members)
{
	toml_value **last = &parent->first;
	for (toml_value *m : members) {
		*last = m;
		last = &m->next;
	}
	parent->count = members.size();
}

/* toml++ keeps tables sorted by key; the places say in which order the text has them. */
void convert_table(arena *a, toml_value *parent, const toml::table &table)
{
	std::vector<toml_value *> members;
	for (auto &&[key, node] : table) {
		toml_value *m = convert(a, node);
		m->key = copy_text(a, key.str());
		m->key_line = key.source().begin.line;
		m->key_column = key.source().begin.column;
		members.push_back(m);
	}
	std::stable_sort(members.begin(), members.end(), [](const toml_value *x, const toml_value *y) {
		return x->key_line != y->key_line ? x->key_line < y->key_line : x->key_column < y->key_column;
	});
	link_members(parent, members);
}

void convert_array(arena *a, toml_value *parent, const toml::array &array)
{
	std::vector<toml_value *> members;
	for (auto &&node : array) {
		toml_value *m = convert(a, node);
		m->key_line = m->line;
		m->key_column = m->column;
		members.push_back(m);
	}
	link_members(parent, members);
}

/* As deep as the two limits allow, TOML_NESTING_MAX times TOML_KEY_PARTS_MAX. */
toml_value *convert(arena *a, const toml::node &node)
{
	toml_value *v = ARENA_NEW(a, toml_value);
	v->kind = kind_of(node);
	v->line = node.source().begin.line;
	v->column = node.source().begin.column;
	if (v->kind == TOML_STRING)
		v->text = copy_text(a, node.as_string()->get());
	else if (v->kind == TOML_INTEGER)
		v->integer = node.as_integer()->get();
	else if (v->kind == TOML_FLOAT)
		v->number = node.as_floating_point()->get();
	else if (v->kind == TOML_BOOL)
		v->truth = node.as_boolean()->get();
	else if (v->kind == TOML_ARRAY)
		convert_array(a, v, *node.as_array());
	else if (v->kind == TOML_TABLE)
		convert_table(a, v, *node.as_table());
	return v;
}

bool fail_at(struct error *e, str name, place at, std::string_view why)
{
	return FAIL(e, INVALID, "%.*s:%u:%u: %.*s", static_cast<int>(name.len), name.ptr, at.line, at.column,
		    static_cast<int>(why.size()), why.data());
}

bool breaks_off(std::string_view text)
{
	try {
		(void)toml::parse(text);
	} catch (const toml_assertion &) {
		return true;
	} catch (const toml::parse_error &) {
	}
	return false;
}

/*
 * An assertion does not say where. It depends on nothing behind the place that it stumbled over, so that
 * place is the end of the shortest beginning of the text that still breaks it.
 */
place place_of_assertion(std::string_view text)
{
	size_t good = 0, bad = text.size();
	while (bad - good > 1) {
		size_t middle = good + (bad - good) / 2;
		(breaks_off(text.substr(0, middle)) ? bad : good) = middle;
	}
	return place_of_offset(text, good);
}

bool parse(arena *a, std::string_view text, str name, const toml_value **root, struct error *e)
{
	place where;
	size_t nul = text.find('\0');
	if (nul != text.npos)
		return fail_at(e, name, place_of_offset(text, nul), "there is a NUL byte; TOML is text");
	if (key_scan(text).find_long_key(&where))
		return fail_at(e, name, where, "this key has too many parts; at most 32 are allowed");
	try {
		*root = convert(a, toml::parse(text));
		return true;
	} catch (const toml::parse_error &err) {
		place at = { err.source().begin.line, err.source().begin.column };
		return fail_at(e, name, at, err.description());
	} catch (const toml_assertion &) {
		return fail_at(e, name, place_of_assertion(text), "something else is expected here");
	}
}

} /* namespace */

extern "C" bool toml_parse(struct arena *a, struct str text, struct str name, const struct toml_value **root,
			   struct error *e)
{
	if (text.len > TOML_BYTES_MAX)
		return FAIL(e, LIMIT, "%.*s: is larger than %d bytes", static_cast<int>(name.len), name.ptr,
			    static_cast<int>(TOML_BYTES_MAX));
	try {
		return parse(a, text.len ? std::string_view(text.ptr, text.len) : std::string_view(), name,
			     root, e);
	} catch (const std::exception &why) {
		return FAIL(e, INTERNAL, "%.*s: %s", static_cast<int>(name.len), name.ptr, why.what());
	} catch (...) {
		return FAIL(e, INTERNAL, "%.*s: the TOML parser failed", static_cast<int>(name.len),
			    name.ptr);
	}
}

extern "C" const struct toml_value *toml_get(const struct toml_value *table, struct str key)
{
	for (const toml_value *m = table->first; m; m = m->next) {
		if (str_eq(m->key, key))
			return m;
	}
	return nullptr;
}

extern "C" const char *toml_kind_text(enum toml_kind kind)
{
	static const char *const texts[] = { "a string", "an integer", "a number", "a boolean",
					     "a date",   "an array",   "a table" };
	return texts[kind];
}
