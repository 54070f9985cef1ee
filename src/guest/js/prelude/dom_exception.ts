// SPDX-License-Identifier: Apache-2.0
// DOMException (Web IDL, 2.8.1).

import { constants, idl } from "./define";

const legacy = [
  "IndexSizeError", "", "HierarchyRequestError", "WrongDocumentError", "InvalidCharacterError", "",
  "NoModificationAllowedError", "NotFoundError", "NotSupportedError", "InUseAttributeError", "InvalidStateError",
  "SyntaxError", "InvalidModificationError", "NamespaceError", "InvalidAccessError", "", "TypeMismatchError",
  "SecurityError", "NetworkError", "AbortError", "URLMismatchError", "QuotaExceededError", "TimeoutError",
  "InvalidNodeTypeError", "DataCloneError",
];

export class DOMException extends Error {
  #message: string;
  #name: string;
  constructor(message: unknown = "", options: unknown = "Error") {
    super();
    this.#message = String(message);
    if (typeof options === "object" && options !== null) {
      const { name, cause } = options as { name?: unknown; cause?: unknown };
      this.#name = name === undefined ? "Error" : String(name);
      if ("cause" in options) Object.defineProperty(this, "cause", { value: cause, writable: true, configurable: true });
    } else this.#name = String(options);
  }
  get name(): string {
    return this.#name;
  }
  get message(): string {
    return this.#message;
  }
  get code(): number {
    return legacy.indexOf(this.#name || "?") + 1;
  }
}
idl(DOMException);

const numbers: Record<string, number> = { DOMSTRING_SIZE_ERR: 2, NO_DATA_ALLOWED_ERR: 6, VALIDATION_ERR: 16 };
legacy.forEach((name, i) => {
  if (name) numbers[name.replace("URLMismatch", "UrlMismatch").replace(/Error$/, "").replace(/(?!^)([A-Z])/g, "_$1").toUpperCase() + "_ERR"] = i + 1;
});
numbers.NO_MODIFICATION_ALLOWED_ERR = 7;
numbers.INUSE_ATTRIBUTE_ERR = 10;
delete numbers.IN_USE_ATTRIBUTE_ERR;
constants(DOMException, Object.fromEntries(Object.entries(numbers).sort(([, a], [, b]) => a - b)));
