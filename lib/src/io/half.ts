/** IEEE 754 half precision, in which shipped weights are stored. */

const float = new Float32Array(1);
const bits = new Uint32Array(float.buffer);

/** Rounds to the nearest half (ties to even); values beyond 65504 become infinite. */
export function toHalf(values: Float32Array): Uint16Array {
  const result = new Uint16Array(values.length);
  for (const [i, value] of values.entries()) {
    float[0] = value;
    const sign = (bits[0] >>> 16) & 0x8000;
    const magnitude = bits[0] & 0x7fffffff;
    if (magnitude >= 0x7f800000) result[i] = sign | (magnitude > 0x7f800000 ? 0x7e00 : 0x7c00);
    else if (magnitude >= 0x38800000) {
      // Normal halves: rebias the exponent by 112 and round off 13 bits.
      const rounded = magnitude - 0x38000000 + 0xfff + ((magnitude >>> 13) & 1);
      result[i] = sign | Math.min(rounded >>> 13, 0x7c00);
    } else {
      // Subnormal halves are multiples of 2^-24.
      const scaled = Math.abs(value) * 2 ** 24;
      const down = Math.floor(scaled);
      const rest = scaled - down;
      result[i] = sign | (down + (rest > 0.5 || (rest === 0.5 && down % 2 === 1) ? 1 : 0));
    }
  }
  return result;
}

/** Exact: every half is a single. */
export function fromHalf(values: Uint16Array): Float32Array {
  const result = new Uint32Array(values.length);
  for (let i = 0; i < values.length; i++) {
    const half = values[i];
    const sign = (half & 0x8000) << 16;
    const magnitude = half & 0x7fff;
    if (magnitude >= 0x7c00) result[i] = sign | 0x7f800000 | ((magnitude & 1023) << 13);
    else if (magnitude >= 0x0400) result[i] = sign | ((magnitude << 13) + 0x38000000);
    else {
      // Subnormal halves are multiples of 2^-24.
      float[0] = magnitude * 2 ** -24;
      result[i] = sign | bits[0];
    }
  }
  return new Float32Array(result.buffer);
}
