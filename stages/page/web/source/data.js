/** Reads what the page carries: JSON whose arrays are typed and in base64. */

const TYPES = { f4: Float32Array, f8: Float64Array, i1: Int8Array, i2: Int16Array, u1: Uint8Array, u2: Uint16Array, u4: Uint32Array };

/** Everything the page was given, with arrays as typed arrays; see stages/page/document.py for the fields. */
export function readData() {
  return unpack(JSON.parse(document.getElementById("data").textContent));
}

/** The bytes that a base64 text stands for. */
export function bytesOf(text) {
  if (Uint8Array.fromBase64) return Uint8Array.fromBase64(text);
  const binary = atob(text);
  const bytes = new Uint8Array(binary.length);
  for (let i = 0; i < bytes.length; i++) bytes[i] = binary.charCodeAt(i);
  return bytes;
}

function unpack(value) {
  if (value === null || typeof value !== "object") return value;
  if (Array.isArray(value)) return value.map(unpack);
  if (value.type in TYPES && typeof value.data === "string") return new TYPES[value.type](bytesOf(value.data).buffer);
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, unpack(item)]));
}
