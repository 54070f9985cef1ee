/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Stands in for libFuzzer: runs a fuzz target once over every file of its corpus and over each of their
 * prefixes, one byte flipped in each, so that the corpus is a test with any compiler. Usage: TARGET
 * CORPUS_DIR
 */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { INPUT_BYTES_MAX = 1 << 20, PREFIXES_MAX = 512 };

/* Each input has a block of exactly its size, so that a sanitizer sees a read past its end. */
static void run_once(const uint8_t *data, size_t size)
{
	uint8_t *copy = malloc(size ? size : 1);
	if (!copy)
		abort();
	if (size)
		memcpy(copy, data, size);
	LLVMFuzzerTestOneInput(copy, size);
	free(copy);
}

static void run_variants(uint8_t *data, size_t size)
{
	size_t step = size / PREFIXES_MAX + 1;
	run_once(data, size);
	for (size_t at = 0; at < size; at += step) {
		run_once(data, at);
		data[at] ^= (uint8_t)(1u << (at % 8));
		run_once(data, size);
		data[at] ^= (uint8_t)(1u << (at % 8));
	}
}

int main(int argc, char **argv)
{
	static uint8_t data[INPUT_BYTES_MAX];
	int n = 0;
	DIR *d = argc == 2 ? opendir(argv[1]) : NULL;
	if (!d) {
		printf("Bail out! %s: no corpus in '%s'\n", argv[0], argc == 2 ? argv[1] : "");
		return 2;
	}
	for (struct dirent *e; (e = readdir(d));) {
		char path[4096];
		if (e->d_name[0] == '.')
			continue;
		snprintf(path, sizeof path, "%s/%s", argv[1], e->d_name);
		FILE *f = fopen(path, "rb");
		if (!f)
			continue;
		size_t size = fread(data, 1, sizeof data, f);
		fclose(f);
		run_variants(data, size);
		/* A crash ends the program before this line, and the next one is then missing from the plan.
		 */
		printf("ok %d - %s\n", ++n, e->d_name);
		fflush(stdout);
	}
	closedir(d);
	printf("1..%d\n", n);
	return n ? 0 : 2;
}
