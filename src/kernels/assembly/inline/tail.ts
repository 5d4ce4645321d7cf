/** Writes the first `count` (1 to 3) lanes. (The whole vector may be read: rows begin at multiples of 16 bytes.) */
export function storeTail(address: usize, v: v128, count: i32): void {
  store<f32>(address, f32x4.extract_lane(v, 0));
  if (count > 1) store<f32>(address, f32x4.extract_lane(v, 1), 4);
  if (count > 2) store<f32>(address, f32x4.extract_lane(v, 2), 8);
}
