/* SPDX-License-Identifier: Apache-2.0 */
#include "store/file_write.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "store/file.h"
#include "support/test.h"

static char folder[64], path[128];

static void set_up(void)
{
	snprintf(folder, sizeof folder, "/tmp/backlot-unit-XXXXXX");
	assert_non_null(mkdtemp(folder));
	snprintf(path, sizeof path, "%s/file", folder);
}

static size_t files(void)
{
	size_t count = 0;
	DIR *dir = opendir(folder);
	while (readdir(dir))
		count++;
	closedir(dir);
	return count - 2;
}

static void expect(const char *at, const char *content)
{
	struct error e;
	struct blob *blob;
	assert_true(file_read(&blob, at, 1000, NULL, &e));
	assert_str(blob_str(blob), content);
	blob_unref(&blob);
}

TEST(a_file_is_written_and_replaced_whole)
{
	struct error e;
	struct stat st;
	set_up();
	assert_true(file_write_check(path, &e));
	assert_int_equal(files(), 0); /* looking leaves nothing behind */
	assert_true(file_write(path, STR("one"), &e));
	expect(path, "one");
	assert_int_equal(chmod(path, 0640), 0);
	assert_true(file_write_check(path, &e));
	expect(path, "one");
	assert_true(file_write(path, STR("two"), &e));
	expect(path, "two");
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0640);
	assert_int_equal(files(), 1);
	unlink(path);
	rmdir(folder);
}

TEST(a_link_stays_one)
{
	struct error e;
	struct stat st;
	char other[160];
	set_up();
	snprintf(other, sizeof other, "%s/link", folder);
	assert_true(file_write(path, STR("one"), &e));
	assert_int_equal(symlink("file", other), 0);
	assert_true(file_write(other, STR("two"), &e));
	expect(path, "two");
	assert_int_equal(lstat(other, &st), 0);
	assert_true(S_ISLNK(st.st_mode));
	unlink(other);
	unlink(path);
	rmdir(folder);
}

TEST(what_cannot_be_written_is_told_before_and_after)
{
	struct error e;
	set_up();
	assert_false(file_write_check(folder, &e));
	assert_error(&e, IO, "Is a directory");
	snprintf(path, sizeof path, "%s/no/file", folder);
	assert_false(file_write_check(path, &e));
	assert_error(&e, IO, "No such file");
	assert_false(file_write(path, STR("x"), &e));
	assert_false(file_write("/dev/full", STR("x"), &e));
	assert_error(&e, IO, "/dev/full: No space");
	assert_int_equal(files(), 0);
	assert_true(file_make_folders(path, 0700, &e));
	assert_true(file_write(path, STR("x"), &e));
	assert_true(file_make_folders(path, 0700, &e));
	unlink(path);
	snprintf(path, sizeof path, "%s/no", folder);
	rmdir(path);
	rmdir(folder);
}
