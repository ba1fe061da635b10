/** In which order cameras lie side by side: as they come, or as somebody has put them. Pure. */

/** Places of the given cameras in the order wanted; those that the order does not name come behind, as they were. */
export function ordered(cameras: readonly string[], order: readonly string[]): number[] {
  const rank = (place: number) => {
    const at = order.indexOf(cameras[place] ?? "");
    return at < 0 ? order.length + place : at;
  };
  return cameras.map((_, place) => place).sort((a, b) => rank(a) - rank(b));
}

/** The order after a camera has been moved to where another one is. */
export function moved(cameras: readonly string[], order: readonly string[], camera: string, by: number): string[] {
  const now = ordered(cameras, order).map((place) => cameras[place] ?? "");
  const from = now.indexOf(camera);
  const to = Math.max(0, Math.min(now.length - 1, from + by));
  if (from < 0 || from === to) return now;
  now.splice(from, 1);
  now.splice(to, 0, camera);
  return now;
}
