/* SPDX-License-Identifier: Apache-2.0 */
/* The `main` of every test program that has none of its own: runs what TEST() has registered. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "support/test.h"
#include "support/test_priv.h"

enum { TESTS_MAX = 1024 };

/* The linker's names for both ends of the section. */
extern const struct test_case *const __start_backlot_tests[];
extern const struct test_case *const __stop_backlot_tests[];

/* The linker keeps no order that one could rely on. */
static int by_line(const void *a, const void *b)
{
	return (*(const struct test_case *const *)a)->line - (*(const struct test_case *const *)b)->line;
}

static int tear_down(void **state)
{
	(void)state;
	test_dir_remove();
	return 0;
}

int main(int argc, char **argv)
{
	static const struct test_case *chosen[TESTS_MAX];
	static struct CMUnitTest tests[TESTS_MAX];
	size_t n = 0;

	for (const struct test_case *const *p = __start_backlot_tests; p < __stop_backlot_tests; p++) {
		if (argc > 1 && !strstr((*p)->name, argv[1]))
			continue;
		if (n == TESTS_MAX) {
			fprintf(stderr, "%s: more than %d tests in one file\n", argv[0], TESTS_MAX);
			return 2;
		}
		chosen[n++] = *p;
	}
	if (n == 0) {
		fprintf(stderr, "%s: no test is called like '%s'\n", argv[0], argc > 1 ? argv[1] : "");
		return 2;
	}
	qsort(chosen, n, sizeof chosen[0], by_line);
	for (size_t i = 0; i < n; i++) {
		tests[i] = (struct CMUnitTest){
			.name = chosen[i]->name,
			.test_func = chosen[i]->run,
			.teardown_func = tear_down,
		};
	}
	int failed = _cmocka_run_group_tests(argv[0], tests, n, NULL, NULL);
	printf("# %zu passed, %d failed\n", n - (size_t)(failed > 0 ? failed : 0), failed);
	return failed ? 1 : 0;
}
