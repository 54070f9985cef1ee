// SPDX-License-Identifier: Apache-2.0
// The symbols of explicit resource management, which the engine may not have: `using` is compiled to code that asks for them.

for (const name of ["dispose", "asyncDispose"])
  if (!(name in Symbol)) Object.defineProperty(Symbol, name, { value: Symbol(`Symbol.${name}`) });

export {};
