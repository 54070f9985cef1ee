/* SPDX-License-Identifier: Apache-2.0 */
#include "base/rc.h"
#include "support/test.h"

static int destroyed;

static void count_destroyed(struct rc *r)
{
	assert_int_equal(r->refs, 0);
	destroyed++;
}

TEST(the_last_owner_destroys)
{
	struct rc r;
	destroyed = 0;
	rc_init(&r, count_destroyed);
	assert_ptr_equal(rc_ref(&r), &r);
	rc_unref(&r);
	assert_int_equal(destroyed, 0);
	rc_unref(&r);
	assert_int_equal(destroyed, 1);
}

TEST(null_has_no_owners)
{
	struct blob *none = NULL;
	assert_null(rc_ref(NULL));
	rc_unref(NULL);
	blob_unref(&none);
	assert_str(blob_str(NULL), "");
}

TEST(a_blob_is_a_copy_with_a_nul_behind_it)
{
	char original[] = "bytes";
	struct blob *b = blob_new(str_from(original));
	original[0] = 'B';
	assert_str(blob_str(b), "bytes");
	assert_int_equal(b->bytes[b->len], '\0');
	rc_ref(&b->rc);
	struct blob *second = b;
	blob_unref(&b);
	assert_null(b);
	assert_str(blob_str(second), "bytes");
	blob_unref(&second);
}

TEST(an_empty_blob_is_a_blob)
{
	scoped(blob_unref) struct blob *b = blob_new((struct str){ NULL, 0 });
	assert_non_null(b);
	assert_str(blob_str(b), "");
}
