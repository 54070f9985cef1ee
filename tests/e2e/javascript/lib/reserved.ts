// SPDX-License-Identifier: Apache-2.0

const one = 1;
const two = 2;
export { one as static, two as yield, one as let, two as package, one as interface };
