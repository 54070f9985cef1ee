/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Answers like a Rust test program (libtest's) with 5001 tests, as far as a runner asks. It lies: of the test
 * `ghost` it knows nothing when it is to run it.
 */
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

enum { TESTS = 5000 };

/* By these a test program is recognised; a `volatile` pointer keeps them in it. */
static const char *volatile marks = "exclude-should-panic force-run-in-process RUST_TEST_THREADS";

static void list(bool ignored)
{
	if (ignored)
		return;
	printf("ghost: test\n");
	for (int i = 0; i < TESTS; i++)
		printf("numbers::test_%04d: test\n", i);
}

static void tell_modes(void)
{
	printf("\nrunning %d tests\ntest ghost ... ignored\n", TESTS + 1);
	for (int i = 0; i < TESTS; i++)
		printf("test numbers::test_%04d ... ignored\n", i);
	printf("\ntest result: ok. 0 passed; 0 failed; %d ignored; 0 measured; 0 filtered out\n\n",
	       TESTS + 1);
}

static void run(const char *name)
{
	int passed = strcmp(name, "ghost") != 0;
	if (passed)
		printf("\nrunning 1 test\ntest %s ... ok\n", name);
	else
		printf("\nrunning 0 tests\n");
	printf("\ntest result: ok. %d passed; 0 failed; 0 ignored; 0 measured; %d filtered out\n\n", passed,
	       TESTS + 1 - passed);
}

int main(int argc, char **argv)
{
	bool listed = false, ignored = false, bench = false;
	for (int i = 1; i < argc; i++) {
		listed = listed || strcmp(argv[i], "--list") == 0;
		ignored = ignored || strcmp(argv[i], "--ignored") == 0;
		bench = bench || strcmp(argv[i], "--bench") == 0;
	}
	if (listed)
		list(ignored);
	else if (bench)
		tell_modes();
	else
		run(argc > 1 && marks ? argv[argc - 1] : "");
	return 0;
}
