/* SPDX-License-Identifier: Apache-2.0 */
/* What main.c asks of test.c. */
#ifndef SUPPORT_TEST_PRIV_H
#define SUPPORT_TEST_PRIV_H

/* Removes the folder of the test that has ended, if it made one. */
void test_dir_remove(void);

#endif
