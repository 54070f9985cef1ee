/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ca_certificate and client_certificate of a backend: where the PEM comes from. pem.c says whether it is any
 * good.
 */
#include "base/buf.h"
#include "manifest/fastly_toml_priv.h"

enum { PEM_BYTES_MAX = 4 * 1024 * 1024 };

static const char ca_example[] =
	"ca_certificate = { file = \"ca.pem\" }, { value = \"PEM\" }, \"PEM\" or an array of these";

/* ---- certificates of authorities ---- */

static bool add_ca_pem(const struct reader *r, const struct toml_value *at, struct str pem, struct buf *out,
		       struct error *e)
{
	if (str_trim(pem).len == 0)
		return bad_value(r, at, e, "'ca_certificate' is empty; write %s", ca_example);
	if (!pem_check_certificates(pem, e))
		return error_wrap(e, "'ca_certificate'") || bad_inner(r, at, e);
	buf_add(out, pem);
	buf_add_char(out, '\n');
	return !out->full || bad_value(r, at, e, "'ca_certificate' is larger than %d bytes", PEM_BYTES_MAX);
}

static bool add_ca_table(struct reader *r, const struct toml_value *table, struct buf *out, struct error *e)
{
	static const struct key keys[] = {
		{ STR_INIT("file"), TOML_STRING, 0, "file = \"ca.pem\"" },
		{ STR_INIT("value"), TOML_STRING, 0, "value = \"PEM\"" },
	};
	const struct toml_value *found[KEYS_MAX];
	scoped(blob_unref) struct blob *content = NULL;
	if (!read_keys(r, table, keys, COUNT_OF(keys), UNKNOWN_IS_ERROR, found, e))
		return false;
	if (!found[0] == !found[1])
		return bad_value(r, table, e, "'ca_certificate' has %s; write %s",
				 found[0] ? "both 'file' and 'value'" : "neither 'file' nor 'value'",
				 ca_example);
	if (found[1])
		return add_ca_pem(r, found[1], found[1]->text, out, e);
	return read_named_file(r, found[0], found[0]->text, PEM_BYTES_MAX, &content, e) &&
	       add_ca_pem(r, found[0], blob_str(content), out, e);
}

static bool add_ca(struct reader *r, const struct toml_value *v, struct buf *out, struct error *e)
{
	if (v->kind == TOML_STRING)
		return add_ca_pem(r, v, v->text, out, e);
	if (v->kind == TOML_TABLE)
		return add_ca_table(r, v, out, e);
	if (v->kind != TOML_ARRAY)
		return bad_value(r, v, e, "'ca_certificate' is %s; write %s", toml_kind_text(v->kind),
				 ca_example);
	for (const struct toml_value *member = v->first; member; member = member->next) {
		if (!add_ca(r, member, out, e))
			return false;
	}
	return true;
}

bool read_ca_certificates(struct reader *r, const struct toml_value *v, struct arena *a, struct str *pem,
			  struct error *e)
{
	scoped(buf_fini) struct buf out = BUF_INIT(PEM_BYTES_MAX);
	if (!add_ca(r, v, &out, e))
		return false;
	*pem = arena_str(a, buf_str(&out));
	return true;
}

/* ---- the client's certificate ---- */

/* The PEM text that is given inline or in a file, which goes before; `found` is false when neither is there.
 */
static bool read_pem(const struct reader *r, const struct toml_value *inline_pem,
		     const struct toml_value *file, struct arena *a, struct str *pem, struct error *e)
{
	scoped(blob_unref) struct blob *content = NULL;
	if (file && !read_named_file(r, file, file->text, PEM_BYTES_MAX, &content, e))
		return false;
	if (content)
		*pem = arena_str(a, blob_str(content));
	else if (inline_pem)
		*pem = arena_str(a, inline_pem->text);
	return true;
}

bool read_client_certificate(struct reader *r, const struct toml_value *v, struct arena *a, struct str *chain,
			     struct str *key, struct error *e)
{
	static const struct key keys[] = {
		{ STR_INIT("certificate"), TOML_STRING, 0, "certificate = \"PEM\"" },
		{ STR_INIT("certificate_file"), TOML_STRING, 0, "certificate_file = \"client.crt\"" },
		{ STR_INIT("key"), TOML_STRING, 0, "key = \"PEM\"" },
		{ STR_INIT("key_file"), TOML_STRING, 0, "key_file = \"client.key\"" },
	};
	const struct toml_value *found[KEYS_MAX];
	if (!read_keys(r, v, keys, COUNT_OF(keys), UNKNOWN_IS_ERROR, found, e))
		return false;
	*chain = *key = STR("");
	if (!read_pem(r, found[0], found[1], a, chain, e) || !read_pem(r, found[2], found[3], a, key, e))
		return false;
	if (!found[0] && !found[1])
		return bad_value(r, v, e, "'client_certificate' has no certificate; write %s",
				 keys[1].example);
	if (!found[2] && !found[3])
		*key = *chain; /* one file with both is usual */
	if (!pem_check_certificates(*chain, e) || !pem_check_pair(*chain, *key, e))
		return error_wrap(e, "'client_certificate'") || bad_inner(r, v, e);
	return true;
}
