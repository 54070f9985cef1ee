/* SPDX-License-Identifier: Apache-2.0 */
/* A request and what stands under it: headers, a body, test lines. */
#include "script/grow.h"
#include "script/nearest.h"
#include "script/parse_priv.h"
#include "script/token.h"

static struct script_request *current_request(const struct parser *p)
{
	return p->test && p->test->request_count ? &p->test->requests[p->test->request_count - 1] : NULL;
}

bool parse_in_head(const struct parser *p)
{
	const struct script_request *request = current_request(p);
	return p->block == BLOCK_REQUEST && !request->has_body && request->check_count == 0;
}

/* ---- the request line ---- */

static size_t find_control(struct str s)
{
	for (size_t i = 0; i < s.len; i++) {
		unsigned char c = (unsigned char)s.ptr[i];
		if ((c < 0x20 && c != '\t') || c == 0x7f)
			return i;
	}
	return STR_NONE;
}

static bool refuse_control(struct parser *p, struct str text, const char *what)
{
	size_t at = find_control(text);
	if (at == STR_NONE)
		return true;
	diagnostics_error(p->d, str_sub(text, at, 1), STR("take it out"), "a control character in a %s",
			  what);
	return false;
}

static void check_method(struct parser *p, struct str method)
{
	bool lower = false;
	for (size_t i = 0; i < method.len; i++)
		lower |= method.ptr[i] >= 'a' && method.ptr[i] <= 'z';
	if (!token_is_http(method))
		diagnostics_error(p->d, method, STR("a method is one word of letters, such as GET or POST"),
				  STR_FMT " is no request method", STR_ARG(source_brief(method)));
	else if (lower)
		diagnostics_warn(p->d, method,
				 STR("HTTP's own methods are written in capitals: GET, POST, …"),
				 "the method is sent as it is written");
}

static void check_target(struct parser *p, struct str method, struct str target)
{
	size_t scheme = str_starts(target, STR("https://")) ? 8 : str_starts(target, STR("http://")) ? 7 : 0;
	struct str shown = source_brief(target);
	if (target.len == 0)
		diagnostics_error(p->d, source_behind(method),
				  arena_printf(p->arena, "write " STR_FMT " /path",
					       STR_ARG(source_brief(method))),
				  "the request's target is missing");
	else if (scheme && (target.len == scheme || target.ptr[scheme] == '/'))
		diagnostics_error(p->d, target, STR("write a host behind //: http://shop.example/path"),
				  "this URL has no host");
	else if (scheme == 0 && target.ptr[0] != '/')
		diagnostics_error(p->d, target, arena_printf(p->arena, "write /" STR_FMT, STR_ARG(shown)),
				  "a target is a path that begins with /, or an http:// or https:// URL");
	else
		refuse_control(p, target, "target");
}

static void check_version_word(struct parser *p, struct str version, struct str rest)
{
	struct str digits = str_sub(version, 5, version.len), minor = digits;
	uint64_t number;
	str_split(&minor, '.');
	bool good = str_starts(version, STR("HTTP/")) && digits.len <= 3 &&
		    str_to_u64(str_sub(digits, 0, 1), 9, &number) &&
		    (digits.len == 1 || (minor.ptr == digits.ptr + 2 && str_to_u64(minor, 9, &number)));
	if (str_eq(version, STR("->")))
		diagnostics_error(p->d, version, STR("put two blanks in front of it, below its origin"),
				  "an answer at the left edge");
	else if (rest.len)
		diagnostics_error(p->d, rest,
				  STR("METHOD TARGET VERSION; a blank inside a target is written %20"),
				  "a request line has three words at most");
	else if (version.len && !good)
		diagnostics_error(p->d, version,
				  STR("write HTTP/1.1, HTTP/2, or nothing; a blank inside a target is "
				      "written %20"),
				  STR_FMT " is no HTTP version", STR_ARG(source_brief(version)));
}

enum line_kind parse_request(struct parser *p, struct str text)
{
	struct script *script = p->script;
	struct str rest = text, method = token_word(&rest), target = token_word(&rest),
		   version = token_word(&rest);
	if (!p->test) {
		p->test = GROW(p->arena, script->tests, script->test_count);
		*p->test = (struct script_test){ .line = p->line };
		p->test_implied = true;
	}
	check_method(p, method);
	check_target(p, method, target);
	check_version_word(p, version, rest);
	struct script_request *request = GROW(p->arena, p->test->requests, p->test->request_count);
	*request = (struct script_request){
		.method = method,
		.target = target,
		.version = version,
		.settings = p->settings,
		.line = p->line,
	};
	p->block = BLOCK_REQUEST;
	p->indent = (struct str){ NULL, 0 };
	return LINE_REQUEST;
}

/* ---- headers ---- */

bool parse_looks_like_header(struct str text)
{
	size_t colon = str_find_char(text, ':');
	return colon != STR_NONE && token_is_http(str_sub(text, 0, colon));
}

bool parse_header(struct parser *p, struct str text, struct script_header *out)
{
	struct str value = text, name = str_split(&value, ':');
	*out = (struct script_header){ name, str_trim(value), p->line };
	if (token_is_http(name) && value.ptr)
		return refuse_control(p, value, "header's value");
	struct str rest = text, word = token_word(&rest);
	if (str_starts(rest, STR(":")))
		rest = str_trim(str_sub(rest, 1, rest.len));
	if (str_ends(word, STR(":")))
		word.len--;
	struct str advice = arena_printf(p->arena, "write " STR_FMT ": " STR_FMT, STR_ARG(source_brief(word)),
					 STR_ARG(source_brief(rest)));
	if (!token_is_http(word))
		diagnostics_error(p->d, word, STR("a header's name has letters, digits and -"),
				  "this is no header");
	else if (value.ptr)
		diagnostics_error(p->d, word, advice, "a header's colon stands right behind its name");
	else
		diagnostics_error(p->d, word, advice, "a header needs a colon behind its name");
	return false;
}

/* A line such as "origin: x" or "https://host/": it looks like a header, but none can stand here. */
static void refuse_header(struct parser *p, struct str text)
{
	struct str value = text, name = str_split(&value, ':');
	struct nearest nearest = { .word = name };
	nearest_try(&nearest, STR("origin"));
	nearest_try(&nearest, STR("test"));
	struct str advice = STR("headers stand directly under the request they belong to");
	if (str_starts(value, STR("//")))
		advice = arena_printf(p->arena, "a request? write GET " STR_FMT, STR_ARG(source_brief(text)));
	else if (nearest.best.ptr)
		advice = arena_printf(p->arena, "write " STR_FMT " " STR_FMT ", without colon",
				      STR_ARG(nearest.best), STR_ARG(source_brief(str_trim(value))));
	diagnostics_error(p->d, name, advice,
			  p->block == BLOCK_REQUEST
				  ? "a header behind the body or the test lines of its request"
				  : "a header without a request above it");
	if (p->block != BLOCK_REQUEST)
		p->block = BLOCK_BAD;
}

enum line_kind parse_request_header(struct parser *p, struct str text)
{
	struct str value = text, name = str_split(&value, ':');
	bool url = str_starts(value, STR("//")) && (str_eq(name, STR("http")) || str_eq(name, STR("https")));
	if (p->block == BLOCK_BAD)
		return LINE_BAD;
	if (!parse_in_head(p) || url) {
		refuse_header(p, text);
		return LINE_BAD;
	}
	struct script_request *request = current_request(p);
	struct script_header header;
	if (parse_header(p, text, &header))
		*GROW(p->arena, request->headers, request->header_count) = header;
	return LINE_HEADER;
}

/* ---- bodies ---- */

enum line_kind parse_request_body(struct parser *p, struct str text)
{
	struct script_request *request = p->block == BLOCK_REQUEST ? current_request(p) : NULL;
	struct str body = { NULL, 0 };
	bool fence = text.ptr[0] == '`';
	if (!request && p->block != BLOCK_BAD)
		diagnostics_error(
			p->d, text,
			STR("write a request above it: POST /path; an origin's body stands behind its "
			    "answer, indented"),
			"a body without a request above it");
	else if (request && request->has_body)
		diagnostics_error(p->d, text, STR("join the two, or write another request"),
				  "this request has a body already");
	else if (request && request->check_count)
		diagnostics_error(p->d, text, STR("move it up: request line, headers, body, test lines"),
				  "a body stands before the test lines");
	bool good = fence ? parse_fence(p, (struct str){ "", 0 }, text, &body)
			  : parse_string_body(p, text, &body);
	if (!request)
		return LINE_BAD;
	request->has_body = true;
	request->body = good ? body : STR("");
	return fence ? LINE_FENCE : LINE_BODY;
}

/* ---- test lines ---- */

static bool looks_like_rule(struct str text)
{
	token_word(&text);
	token_word(&text);
	return str_eq(token_word(&text), STR("->"));
}

enum line_kind parse_check(struct parser *p, struct str indent, struct str text)
{
	struct script_request *request = current_request(p);
	struct check check;
	if (!parse_same_blanks(p, p->indent, indent))
		return LINE_BAD;
	if (!p->indent.ptr)
		p->indent = indent;
	if (text.ptr[0] == '"' || str_starts(text, STR("```"))) {
		diagnostics_error(p->d, text, STR("take away the blanks in front of it"),
				  "a request's body stands at the left edge");
		struct str ignored;
		if (text.ptr[0] == '`' && !parse_fence(p, indent, text, &ignored))
			p->block = BLOCK_BAD;
		return LINE_BAD;
	}
	if (parse_looks_like_header(text)) {
		diagnostics_error(p->d, text,
				  arena_printf(p->arena, "write " STR_FMT " without blanks in front of it",
					       STR_ARG(source_brief(text))),
				  "a request's headers stand at the left edge");
		return LINE_BAD;
	}
	if (looks_like_rule(text)) {
		diagnostics_error(p->d, text, STR("answers stand below a line: origin NAME"),
				  "an answer below a request");
		return LINE_BAD;
	}
	if (check_parse(text, p->line, p->schema, p->arena, p->d, &check))
		*GROW(p->arena, request->checks, request->check_count) = check;
	return LINE_CHECK;
}
