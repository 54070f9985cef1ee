/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/tls.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "guest/wasm/code_cache.h"
#include "loop/clock.h"
#include "net/dev_certificate.h"
#include "store/file.h"

enum {
	PEM_BYTES_MAX = 1024 * 1024,
	PATH_BYTES = 4096,
	HANDSHAKE_S = 30,
	RENEWED_BEFORE_S = 7 * 24 * 3600, /* its end */
};

static struct str text_of(const struct blob *b)
{
	return b ? (struct str){ b->bytes, b->len } : (struct str){ NULL, 0 };
}

/* What the command line says of clients is the same for every certificate. */
static bool open_with(struct tls_context **out, const struct cli_options *o, struct tls_server_options *tls,
		      struct error *e)
{
	struct blob *authorities = NULL;
	if (o->tls_client_ca && !file_read(&authorities, o->tls_client_ca, PEM_BYTES_MAX, NULL, e))
		return error_wrap(e, "--tls-client-ca");
	tls->client_ca_pem = text_of(authorities);
	tls->client_ca_name = o->tls_client_ca;
	tls->handshake_timeout_ns = HANDSHAKE_S * NS_PER_S;
	bool ok = tls_server_context_new(out, tls, e);
	blob_unref(&authorities);
	return ok;
}

/* ---- a certificate of the user's ---- */

static bool open_given(struct tls_context **out, const struct cli_options *o, uint64_t now_s, struct error *e)
{
	/* One file often holds both. */
	const char *key_name = o->tls_key ? o->tls_key : o->tls_cert;
	struct blob *certificate = NULL, *key = NULL;
	bool ok = file_read(&certificate, o->tls_cert, PEM_BYTES_MAX, NULL, e) || error_wrap(e, "--tls-cert");
	ok = ok && (file_read(&key, key_name, PEM_BYTES_MAX, NULL, e) || error_wrap(e, "--tls-key"));
	if (ok) {
		struct tls_server_options tls = { .certificate_pem = text_of(certificate),
						  .certificate_name = o->tls_cert,
						  .key_pem = text_of(key),
						  .key_name = key_name,
						  .now_s = now_s };
		ok = open_with(out, o, &tls, e);
	}
	blob_unref(&certificate);
	blob_unref(&key);
	return ok;
}

/* ---- one of our own ---- */

struct own_files {
	char folder[PATH_BYTES], pem[PATH_BYTES], authority[PATH_BYTES], temporary[PATH_BYTES],
		lock[PATH_BYTES];
};

static bool name_files(struct own_files *f, const char *cache, struct error *e)
{
	if (strlen(cache) > PATH_BYTES - 64)
		return FAIL(e, INVALID, "%s: the path is too long", cache);
	snprintf(f->folder, PATH_BYTES, "%s/tls", cache);
	snprintf(f->pem, PATH_BYTES, "%s/tls/localhost.pem", cache);
	snprintf(f->authority, PATH_BYTES, "%s/tls/ca.pem", cache);
	snprintf(f->temporary, PATH_BYTES, "%s/tls/new", cache);
	snprintf(f->lock, PATH_BYTES, "%s/tls/lock", cache);
	return code_cache_open(cache, e) && code_cache_open(f->folder, e);
}

static bool write_file(const struct own_files *f, const char *path, struct str bytes, struct error *e)
{
	unlink(f->temporary);
	int fd = open(f->temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	bool ok = fd >= 0 && write(fd, bytes.ptr, bytes.len) == (ssize_t)bytes.len;
	if (fd >= 0)
		ok = close(fd) == 0 && ok;
	if (!ok || rename(f->temporary, path) != 0)
		return FAIL(e, IO, "%s: %s", path, strerror(errno));
	return true;
}

static bool use_own(struct tls_context **out, const struct cli_options *o, struct str pem, const char *name,
		    uint64_t now_s, struct error *e)
{
	struct tls_server_options tls = { .certificate_pem = pem,
					  .certificate_name = name,
					  .key_pem = pem,
					  .key_name = name,
					  .now_s = now_s };
	return open_with(out, o, &tls, e);
}

/* Is there one that is good for a while yet? */
static bool use_kept(struct tls_context **out, const struct cli_options *o, const struct own_files *f,
		     uint64_t now_s)
{
	struct blob *pem;
	struct error none_or_old;
	struct file_stamp stamp;
	if (!file_look(f->authority, &stamp) || !file_read(&pem, f->pem, PEM_BYTES_MAX, NULL, &none_or_old))
		return false;
	bool ok = use_own(out, o, text_of(pem), f->pem, now_s + RENEWED_BEFORE_S, &none_or_old);
	blob_unref(&pem);
	return ok;
}

static bool make_own(struct tls_context **out, const struct cli_options *o, const struct own_files *f,
		     uint64_t now_s, struct error *e)
{
	scoped(buf_fini) struct buf pem = BUF_INIT(PEM_BYTES_MAX);
	scoped(buf_fini) struct buf authority = BUF_INIT(PEM_BYTES_MAX);
	if (!dev_certificate_make(&pem, &authority, now_s, e))
		return false;
	/* The authority goes first: without it the other would not be used. */
	if (f && (!write_file(f, f->authority, buf_str(&authority), e) ||
		  !write_file(f, f->pem, buf_str(&pem), e)))
		return false;
	return use_own(out, o, buf_str(&pem), f ? f->pem : "the certificate", now_s, e);
}

static bool open_own(struct tls_context **out, const struct cli_options *o, uint64_t now_s, struct error *e)
{
	struct own_files files;
	if (!o->env->cache_folder) {
		fprintf(o->env->err,
			"%s: TLS with a certificate for localhost that is made for this run alone\n",
			o->program);
		return make_own(out, o, NULL, now_s, e);
	}
	if (!name_files(&files, o->env->cache_folder, e))
		return error_wrap(e, "keeping a certificate for localhost");
	int lock = open(files.lock, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (lock >= 0)
		flock(lock, LOCK_EX);
	bool ok = use_kept(out, o, &files, now_s) || make_own(out, o, &files, now_s, e);
	if (lock >= 0)
		close(lock);
	if (ok)
		fprintf(o->env->err,
			"%s: TLS with a certificate of its own for localhost; to trust it: curl --cacert %s, or add "
			"that file to the authorities of your browser\n",
			o->program, files.authority);
	return ok;
}

bool cli_tls_open(struct tls_context **out, const struct cli_options *o, uint64_t now_s, struct error *e)
{
	*out = NULL;
	if (o->tls_cert)
		return open_given(out, o, now_s, e);
	if (o->tls_key)
		return FAIL(e, INVALID,
			    "--tls-key %s needs --tls-cert with the certificate that it belongs to",
			    o->tls_key);
	return !(o->tls || o->tls_client_ca) || open_own(out, o, now_s, e);
}
