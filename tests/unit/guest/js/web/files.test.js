// SPDX-License-Identifier: Apache-2.0
// Blob, File, FileReader, and the URLs that stand for bytes.

test("blobs are made and cut as the standard says", async () => {
  const buffer = new Uint8Array([1, 2, 3, 4]).buffer;
  const blob = new Blob(["a\r\nb\n", new DataView(buffer, 1, 2), new Blob(["c"])], { type: "Text/Plain", endings: "transparent" });
  equal([blob.size, blob.type, hex(await blob.arrayBuffer())], [8, "text/plain", "610d0a620a020363"]);
  equal(await new Blob(["a\r\nb\rc\n"], { endings: "native" }).text(), "a\nb\nc\n");
  equal(await blob.slice(-3, -1, "x/y").text(), "\u0002\u0003");
  equal([blob.slice(2, 1).size, blob.slice(NaN).size, blob.slice(6).size, blob.slice(0, 1, "x/y").type], [0, 8, 2, "x/y"]);
  for (const options of [1, "x", true]) throws(() => new Blob([], options), "TypeError", "options");
  for (const parts of ["text", null, {}, 1]) throws(() => new Blob(parts), "TypeError");
  const file = new File([blob], "n\ud800", { lastModified: 7.9 });
  equal([file.name, file.lastModified, file.size], ["n\ufffd", 7, 8]);
  throws(() => new File(["x"], "n", 3), "TypeError");
  const copy = structuredClone(file);
  equal([copy !== file, copy instanceof File, copy.name, await copy.text()], [true, true, file.name, await file.text()]);
});

test("a blob's stream comes in pieces, into one's own buffer too", async () => {
  const blob = new Blob([new Uint8Array(70000).fill(7)]);
  const sizes = [];
  for await (const piece of blob.stream()) sizes.push(piece.length);
  equal(sizes, [65536, 4464]);
  const reader = new Blob(["hello"]).stream().getReader({ mode: "byob" });
  const read = await reader.read(new Uint8Array(10));
  equal([new TextDecoder().decode(read.value), read.done], ["hello", false]);
  equal((await reader.read(new Uint8Array(1))).done, true);
});

const read = (how, blob, ...more) => new Promise((resolve) => {
  const reader = new FileReader(), events = [];
  for (const type of ["loadstart", "progress", "load", "abort", "error", "loadend"]) reader["on" + type] = (e) => events.push(e.type);
  reader.addEventListener("loadend", () => resolve([reader.result, events.join(" "), reader.readyState]));
  reader[how](blob, ...more);
});

test("FileReader reads text, bytes and data URLs, and tells of it", async () => {
  equal(await read("readAsText", new Blob(["\ufeffh\u00e9"])), ["h\u00e9", "loadstart progress load loadend", FileReader.DONE]);
  equal((await read("readAsText", new Blob([new Uint8Array([0xe9])]), "latin1"))[0], "\u00e9");
  equal((await read("readAsText", new Blob([new Uint8Array([0xe9])], { type: "text/plain; charset=latin1" })))[0], "\u00e9");
  equal(await read("readAsDataURL", new Blob(["hi"], { type: "text/plain" })), ["data:text/plain;base64,aGk=", "loadstart progress load loadend", 2]);
  equal((await read("readAsBinaryString", new Blob([new Uint8Array([0, 255])])))[0], "\0\xff");
  equal(await read("readAsArrayBuffer", new Blob([])), [new ArrayBuffer(0), "loadstart load loadend", 2]);
  const reader = new FileReader(), events = [];
  for (const type of ["load", "abort", "loadend"]) reader.addEventListener(type, (e) => events.push(e.type));
  reader.readAsText(new Blob(["x"]));
  throws(() => reader.readAsText(new Blob(["y"])), "InvalidStateError");
  reader.abort();
  await sleep(1);
  equal([events, reader.result], [["abort", "loadend"], null]);
  throws(() => reader.readAsText("x"), "TypeError");
});

test("fetch() knows what data: and blob: URLs hold", async () => {
  const got = async (url, init) => {
    const response = await fetch(url, init);
    return [response.status, response.headers.get("content-type"), await response.text()];
  };
  equal(await got("data:,a%20b#c"), [200, "text/plain;charset=US-ASCII", "a b"]);
  equal(await got("data:text/html;charset=utf-8;base64,PGI+"), [200, "text/html;charset=utf-8", "<b>"]);
  equal(await got("data:;charset=utf-8,x"), [200, "text/plain;charset=utf-8", "x"]);
  await rejects(fetch("data:text/plain;base64,a"), "TypeError");
  await rejects(fetch("data:text/plain"), "TypeError");
  const url = URL.createObjectURL(new Blob(["kept"], { type: "x/y" }));
  ok(/^blob:null\/[0-9a-f-]{36}$/.test(url), url);
  equal(await got(`${url}#part`), [200, "x/y", "kept"]);
  await rejects(fetch(url, { method: "POST" }), "TypeError");
  URL.revokeObjectURL(`${url}#part`);
  equal((await got(url))[2], "kept");
  URL.revokeObjectURL(url);
  await rejects(fetch(url), "TypeError", "nothing behind");
  throws(() => URL.createObjectURL("x"), "TypeError");
});

test("forms keep the lines of file names apart", async () => {
  const form = new FormData();
  form.append("a\nb", "x\ry");
  form.append("f", new Blob(["z"]), "n\r\"\n");
  const text = await new Response(form).text();
  ok(text.includes('name="a%0D%0Ab"\r\n\r\nx\r\ny\r\n') && text.includes('filename="n%0D%22%0A"'), text);
  const back = await new Response(form).formData();
  equal([back.get("a\r\nb"), back.get("f").name], ["x\r\ny", "n\r\"\n"]);
  const params = new Response("\ufeffa=\ufeff", { headers: { "content-type": "application/x-www-form-urlencoded" } });
  equal([...(await params.formData())], [["\ufeffa", "\ufeff"]]);
});
