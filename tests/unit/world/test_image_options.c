/* SPDX-License-Identifier: Apache-2.0 */
/* What the Image Optimizer can be asked for: every name and value that Fastly documents, and what is none. */
#include <string.h>

#include "support/test.h"
#include "world/image_options.h"

static struct arena arena;

static bool takes(const char *pair)
{
	struct image_options o;
	struct error e;
	return image_options_read(&o, &arena, arena_printf(&arena, "region=asia&%s", pair), &e);
}

#define assert_takes(...) check_all((const char *const[]){ __VA_ARGS__, NULL }, true)
#define assert_refuses(...) check_all((const char *const[]){ __VA_ARGS__, NULL }, false)
static void check_all(const char *const *pairs, bool expected)
{
	for (; *pairs; pairs++) {
		if (takes(*pairs) != expected)
			fail_msg("%s is %s", *pairs, expected ? "refused" : "taken");
	}
	arena_fini(&arena);
}

TEST(words_are_of_the_list)
{
	assert_takes("format=webp", "format=auto", "auto=webp", "auto=avif,webp", "fit=cover",
		     "enable=upscale", "disable=upscale", "level=2.1", "profile=main",
		     "metadata=copyright%2Cc2pa", "optimize=high", "orient=8", "orient=hv",
		     "resize-filter=lanczos", "viewbox=1", "preserve_query_string_on_origin_request=true",
		     "allow_malformed_query_params=false");
	assert_refuses("format=bmp", "format=", "format", "auto=webp,", "auto=webp%20avif", "fit=covers",
		       "orient=9", "level=2", "metadata=all", "viewbox=2", "Format=webp");
}

TEST(numbers_are_within_bounds)
{
	assert_takes("brightness=-100", "contrast=100", "saturation=0", "dpr=1.5", "dpr=10", "quality=0",
		     "quality=75,80", "frame=1", "blur=0.5", "blur=1000", "blur=2.5p", "width=100",
		     "height=12.5p", "width=0");
	assert_refuses("brightness=-101", "brightness=1.5", "contrast=+5", "dpr=10.1", "dpr=x", "quality=101",
		       "quality=7,", "frame=0", "blur=0.4", "blur=1001", "blur=p", "width=1.5", "width=-1",
		       "height=50%25", "width=1e3",
		       "brightness=", "width=00000000000000000000000000000000000001");
}

TEST(sides_colours_and_the_rest_have_their_shapes)
{
	assert_takes("pad=10", "pad=10,20p", "trim=1,2,3,4", "bg-color=0,255,0", "bg-color=0,255,0,0.3",
		     "bg-color=0f0", "bg-color=00FF00", "trim-color=255,0,0,1.0,t0.5", "trim-color=f00,t1",
		     "trim-color=auto", "trim-color=1,2,3", "bw=atkinson", "bw=threshold", "bw=threshold,49",
		     "sharpen=a5,r2,t1", "sharpen=a0,r0.5,t255");
	assert_refuses("pad=1,2,3,4,5", "pad=,1", "pad=1,", "bg-color=0,256,0", "bg-color=0,0",
		       "bg-color=0,0,0,2", "bg-color=12345", "bg-color=ggg", "trim-color=1,2,3,t2",
		       "trim-color=1,2,3,t", "bw=threshold,101", "bw=white", "sharpen=5,2,1",
		       "sharpen=a11,r2,t1", "sharpen=a5,r0.4,t1", "sharpen=a5,r2,t1,");
}

TEST(areas_have_a_size_a_place_and_a_mode)
{
	assert_takes("crop=16:9", "crop=1.5:1", "crop=200,100", "crop=50p,10", "crop=16:9,x10,y20p",
		     "crop=16:9,offset-x30,offset-y20,safe", "crop=16:9,smart", "crop=16:9,y5",
		     "precrop=1:1,x30p,safe", "canvas=200,200,x50p,y50p", "canvas=16:9,offset-x30p",
		     "crop=16%3A9%2Cx1");
	assert_refuses("crop=16", "crop=16:0", "crop=16:9,", "crop=16:9,y5,x5", "crop=16:9,x5,x5",
		       "crop=16:9,smart,x5", "crop=16:9,fast", "crop=16:9,offset-x101", "canvas=1:1,smart",
		       "crop=16:9:4", "crop=,5");
}

TEST(a_region_is_needed_and_names_stand_once)
{
	struct image_options o;
	struct error e;
	assert_false(image_options_read(&o, &arena, STR("width=1"), &e));
	assert_error(&e, INVALID, "the region is missing; write region=us_east");
	assert_false(image_options_read(&o, &arena, STR(""), &e));
	assert_false(image_options_read(&o, &arena, STR("region=asia&width=1&width=2"), &e));
	assert_error(&e, INVALID, "width stands twice; write it once");
	assert_false(image_options_read(&o, &arena, STR("region=asia&colour=1"), &e));
	assert_error(&e, INVALID, "the Image Optimizer has no parameter 'colour'");
	assert_false(image_options_read(&o, &arena, STR("region=asia&&"), &e));
	assert_false(image_options_read(&o, &arena, STR("region=asia&contrast=200"), &e));
	assert_error(&e, INVALID, "'200' is no value of contrast; write a whole number from -100 to 100");
	assert_false(image_options_read(&o, &arena, STR("region=mars"), &e));
	assert_error(&e, INVALID, "'mars' is no value of region; write one of: us_east us_central");
	assert_true(image_options_read(&o, &arena, STR("region=asia&bg-color=0%2C255%2c0"), &e));
	assert_str(o.first->name, "region");
	assert_str(o.first->next->value, "0,255,0");
	arena_fini(&arena);
}

TEST(a_url_has_parameters_of_others_too)
{
	struct image_options o;
	struct error e;
	assert_true(image_options_read(&o, &arena, STR("region=asia&width=10"), &e));
	assert_true(
		image_options_read_url(&o, &arena, STR("v=1&width=20&height=5p&x&region=eu_west"), NULL, &e));
	assert_str(o.others, "v=1&x&region=eu_west");
	assert_str(o.first->next->value, "10"); /* what the service says wins */
	assert_str(o.first->next->next->name, "height");
	assert_null(o.first->next->next->next);
	arena_fini(&arena);
}

TEST(what_is_wrong_in_a_url_is_an_error_or_a_warning)
{
	struct image_options o;
	struct error e;
	struct buf warnings = BUF_INIT(1000);
	const struct str query = STR_INIT("width=wide&format=webp&dpr=99");
	assert_true(image_options_read(&o, &arena, STR("region=asia&allow_malformed_query_params=true"), &e));
	assert_true(o.forgiving);
	assert_false(o.keep_others);
	assert_false(image_options_read_url(&o, &arena, query, NULL, &e));
	assert_error(&e, INVALID, "'wide' is no value of width; write pixels, or a percentage such as 50p");
	assert_true(image_options_read_url(&o, &arena, query, &warnings, &e));
	assert_str(buf_str(&warnings),
		   "'wide' is no value of width; write pixels, or a percentage such as 50p, '99' is "
		   "no value of dpr; write a number from 0 to 10");
	assert_str(o.first->next->next->name, "format");
	buf_fini(&warnings);
	arena_fini(&arena);
}
