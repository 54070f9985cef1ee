// What every route uses: its answer, and checks that say what was expected. The format is that of the
// Rust guest: `ok` and details, or 500 and which expectation failed.

export const text = (body, init) =>
  new Response(`${body}\n`, { ...init, headers: { "content-type": "text/plain", ...init?.headers } });

export const ok = (details = "") => text(`ok\n${details}`);

export const json = (value, init) =>
  new Response(JSON.stringify(value), { ...init, headers: { "content-type": "application/json" } });

/** Any error that a route meets becomes its answer: a failed expectation and a surprise alike. */
export const failure = (error) => text(`failed: ${error?.message ?? error}`, { status: 500 });

export function check(condition, words) {
  if (!condition) throw new Error(words);
}

export function checkEqual(what, actual, expected) {
  const [is, wanted] = [JSON.stringify(actual), JSON.stringify(expected)];
  check(is === wanted, `${what}: expected ${wanted}, got ${is}`);
}

/** Expects an error, and gives it back. */
export async function checkThrows(what, run) {
  try {
    await run();
  } catch (error) {
    return error;
  }
  throw new Error(`${what}: nothing was thrown`);
}
