// SPDX-License-Identifier: Apache-2.0

/** The C functions of a realm of tests. */
export const test = host as unknown as TestHost & typeof host;
