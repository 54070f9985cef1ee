/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Files and programs of this machine, for Backlot's own JavaScript: compiling modules, keeping snapshots.
 * Services never get these functions; a realm has them when its owner names js_files_module.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/buf.h"
#include "guest/js/program.h"
#include "guest/js/value.h"
#include "store/file.h"

enum { FILE_READ_BYTES_MAX = 64 << 20, SAID_BYTES_MAX = 1 << 20, ARGS_MAX = 1 << 16 };

extern char **environ;

/* The file that the first argument names; false: there is none, or it threw. */
static bool read_file(struct js_call *c, struct blob **out)
{
	struct error e;
	struct file_stamp stamp;
	struct str path = js_arg_str(c, 0);
	if (*c->exception || !file_look(path.ptr, &stamp))
		return false;
	if (!file_read(out, path.ptr, FILE_READ_BYTES_MAX, NULL, &e)) {
		js_throw(c, "Error", "%s", e.text);
		return false;
	}
	return true;
}

/* read(path) → its text; null when there is no such file */
JS_FUNCTION(read_text)
{
	struct blob *blob = NULL;
	JSValueRef v = read_file(c, &blob) ? js_string(c->ctx, blob_str(blob)) : js_null(c->ctx);
	blob_unref(&blob);
	return v;
}

/* bytes(path) → an ArrayBuffer; null when there is no such file */
JS_FUNCTION(read_bytes)
{
	struct blob *blob = NULL;
	JSValueRef v = read_file(c, &blob) ? js_array_buffer(c->ctx, blob_str(blob)) : js_null(c->ctx);
	blob_unref(&blob);
	return v;
}

/* stamp(path) → a text that changes when the file does; null when there is none */
JS_FUNCTION(stamp)
{
	char text[PROGRAM_STAMP_BYTES];
	struct str path = js_arg_str(c, 0);
	if (*c->exception)
		return NULL;
	return program_stamp(path.ptr, text) ? js_cstring(c->ctx, text) : js_null(c->ctx);
}

static bool make_folders(const char *path, struct arena *a)
{
	struct str copy = arena_str(a, str_from(path));
	char *text = (char *)copy.ptr;
	for (char *slash = strchr(text + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
		*slash = 0;
		if (mkdir(text, 0777) != 0 && errno != EEXIST)
			return false;
		*slash = '/';
	}
	return true;
}

static bool write_whole(int fd, struct str text)
{
	while (text.len) {
		ssize_t n = write(fd, text.ptr, text.len);
		if (n < 0 && errno != EINTR)
			return false;
		text = str_sub(text, (size_t)MAX(n, 0), text.len);
	}
	return true;
}

/* write(path, text): all or nothing, by a file of another name; its folders are made. */
JS_FUNCTION(write_text)
{
	struct str path = js_arg_str(c, 0), text = js_arg_str(c, 1);
	if (*c->exception)
		return NULL;
	struct str temporary = arena_printf(&c->arena, STR_FMT ".%ld.tmp", STR_ARG(path), (long)getpid());
	bool ok = make_folders(path.ptr, &c->arena);
	int fd = ok ? open(temporary.ptr, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666) : -1;
	ok = fd >= 0 && write_whole(fd, text);
	if (fd >= 0)
		ok = close(fd) == 0 && ok;
	ok = ok && rename(temporary.ptr, path.ptr) == 0;
	if (!ok) {
		int why = errno;
		if (fd >= 0)
			unlink(temporary.ptr);
		return js_throw(c, "Error", "%s cannot be written: %s", path.ptr, strerror(why));
	}
	return NULL;
}

/* ---- looking ---- */

/* real(path) → the path without links; null: there is no such file */
JS_FUNCTION(real_path)
{
	char real[PATH_MAX];
	struct str path = js_arg_str(c, 0);
	if (*c->exception)
		return NULL;
	return realpath(path.ptr, real) ? js_cstring(c->ctx, real) : js_null(c->ctx);
}

static const char *kind_name(mode_t mode)
{
	return S_ISREG(mode) ? "file" : S_ISDIR(mode) ? "folder" : S_ISLNK(mode) ? "link" : "other";
}

/* look(path, follow) → [kind, size, ms since 1970 of its last change, mode]; null: there is no such file */
JS_FUNCTION(look)
{
	struct stat st;
	struct str path = js_arg_str(c, 0);
	if (*c->exception || (js_arg_bool(c, 1) ? stat(path.ptr, &st) : lstat(path.ptr, &st)) != 0)
		return js_null(c->ctx);
	const JSValueRef result[] = {
		js_cstring(c->ctx, kind_name(st.st_mode)),
		js_number(c->ctx, (double)st.st_size),
		js_number(c->ctx, (double)st.st_mtim.tv_sec * 1e3 + (double)st.st_mtim.tv_nsec / 1e6),
		js_number(c->ctx, st.st_mode),
	};
	return js_array(c->ctx, result, COUNT_OF(result));
}

/* list(path) → [name, kind] of what is in a folder, in any order; null: it is none */
JS_FUNCTION(list)
{
	unsigned at = 0;
	struct stat st;
	struct str path = js_arg_str(c, 0);
	DIR *folder = *c->exception ? NULL : opendir(path.ptr);
	if (!folder)
		return js_null(c->ctx);
	JSObjectRef all = (JSObjectRef)js_array(c->ctx, NULL, 0);
	for (struct dirent *entry; (entry = readdir(folder));) {
		const char *name = entry->d_name;
		if (strcmp(name, ".") == 0 || strcmp(name, "..") == 0 ||
		    fstatat(dirfd(folder), name, &st, AT_SYMLINK_NOFOLLOW) != 0)
			continue;
		const JSValueRef both[] = { js_cstring(c->ctx, name),
					    js_cstring(c->ctx, kind_name(st.st_mode)) };
		js_push(c->ctx, all, &at, js_array(c->ctx, both, COUNT_OF(both)));
	}
	closedir(folder);
	return all;
}

/* environment() → [name, value, …] */
JS_FUNCTION(environment)
{
	unsigned at = 0;
	JSObjectRef all = (JSObjectRef)js_array(c->ctx, NULL, 0);
	for (char *const *line = environ; *line; line++) {
		struct str value = str_from(*line), name = str_split(&value, '=');
		if (!value.ptr)
			continue;
		js_push(c->ctx, all, &at, js_string(c->ctx, name));
		js_push(c->ctx, all, &at, js_string(c->ctx, value));
	}
	return all;
}

/* ---- what is left behind ---- */

/* Is it a file "NAME.js.PID…" that a process has left behind that is no more? */
static bool is_litter(const char *name)
{
	const char *digits = strstr(name, ".js.");
	char *end;
	long pid = digits ? strtol(digits + strlen(".js."), &end, 10) : 0;
	return pid > 0 && (*end == '.' || *end == '\0') && kill((pid_t)pid, 0) != 0 && errno == ESRCH;
}

/* Removes a file, or a folder that has none but files. */
static void discard(int folder, const char *name)
{
	if (unlinkat(folder, name, 0) == 0)
		return;
	int fd = openat(folder, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	DIR *inside = fd >= 0 ? fdopendir(fd) : NULL;
	for (struct dirent *entry; inside && (entry = readdir(inside));)
		unlinkat(fd, entry->d_name, 0);
	if (inside)
		closedir(inside);
	else if (fd >= 0)
		close(fd);
	unlinkat(folder, name, AT_REMOVEDIR);
}

/* remove(path): a file, or a folder that has none but files; nothing happens when there is none. */
JS_FUNCTION(remove_file)
{
	struct str path = js_arg_str(c, 0);
	if (!*c->exception)
		discard(AT_FDCWD, path.ptr);
	return NULL;
}

/* sweep(folder): away with what compilers that were killed have left in it */
JS_FUNCTION(sweep)
{
	struct str path = js_arg_str(c, 0);
	DIR *folder = *c->exception ? NULL : opendir(path.ptr);
	for (struct dirent *entry; folder && (entry = readdir(folder));) {
		if (is_litter(entry->d_name))
			discard(dirfd(folder), entry->d_name);
	}
	if (folder)
		closedir(folder);
	return NULL;
}

/* ---- programs ---- */

/* All that a program says on `fd`, which is closed. */
static void hear(int fd, struct buf *said)
{
	for (;;) {
		char *room = buf_room(said, 4096), skipped[4096];
		ssize_t n = read(fd, room ? room : skipped, 4096);
		if (n == 0 || (n < 0 && errno != EINTR))
			break;
		if (n > 0 && room)
			buf_grew(said, (size_t)n);
	}
	close(fd);
}

/*
 * Starts a program that says all to `said` and hears nothing. It ends with this process, however that ends:
 * no posix_spawn() can ask for it. -1, and why not in `*failed`.
 */
static pid_t start(char *const *argv, const char *folder, int said, volatile int *failed)
{
	int nothing = open("/dev/null", O_RDWR | O_CLOEXEC);
	pid_t pid = vfork(); /* our memory is the child's until it is another program */
	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		dup2(nothing, 0);
		dup2(nothing, 1);
		dup2(said, 2);
		if (chdir(folder) == 0)
			execve(argv[0], argv, environ);
		*failed = errno;
		_exit(127);
	}
	if (pid < 0)
		*failed = errno;
	close(nothing);
	return pid;
}

static int run_and_hear(char *const *argv, const char *folder, struct buf *said)
{
	int pipes[2], status = -1;
	volatile int failed = 0;
	if (pipe2(pipes, O_CLOEXEC) != 0)
		return -1;
	pid_t pid = start(argv, folder, pipes[1], &failed);
	close(pipes[1]);
	if (failed) {
		close(pipes[0]);
		while (pid > 0 && waitpid(pid, &status, 0) < 0 && errno == EINTR)
			;
		buf_printf(said, "%s cannot be run: %s\n", argv[0], strerror(failed));
		return -1;
	}
	hear(pipes[0], said);
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

/* run(words, folder) → [exit status, what it said on stderr] */
JS_FUNCTION(run)
{
	JSObjectRef words = jsc.ValueToObject(c->ctx, js_arg(c, 0), c->exception);
	struct str folder = js_arg_str(c, 1);
	if (*c->exception)
		return NULL;
	size_t count = MIN(js_length(c->ctx, words), (size_t)ARGS_MAX);
	char **argv = arena_zalloc(&c->arena, (count + 1) * sizeof *argv);
	for (size_t i = 0; i < count; i++)
		argv[i] = (char *)js_str(c->ctx, js_at(c->ctx, words, i), &c->arena).ptr;
	if (count == 0)
		return js_throw(c, "TypeError", "no program is named");
	struct buf said = BUF_INIT(SAID_BYTES_MAX);
	int status = run_and_hear(argv, folder.ptr, &said);
	const JSValueRef result[] = { js_number(c->ctx, status), js_string(c->ctx, buf_str(&said)) };
	buf_fini(&said);
	return js_array(c->ctx, result, COUNT_OF(result));
}

/* process() → the number of this process, for names of files that no other process makes */
JS_FUNCTION(process)
{
	return js_number(c->ctx, (double)getpid());
}

static const struct js_function functions[] = {
	{ "process", process_callback },  { "read", read_text_callback },
	{ "bytes", read_bytes_callback }, { "stamp", stamp_callback },
	{ "write", write_text_callback }, { "remove", remove_file_callback },
	{ "run", run_callback },          { "sweep", sweep_callback },
	{ "real", real_path_callback },   { "look", look_callback },
	{ "list", list_callback },        { "environment", environment_callback },
};
const struct js_module js_files_module = { "files", functions, COUNT_OF(functions) };
