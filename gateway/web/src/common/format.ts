/** Figures for people. */

const UNITS = ["B", "KB", "MB", "GB", "TB"];

/** 204800 is "205 KB": decimal units, three figures. */
export function bytes(count: number): string {
  let unit = 0;
  let value = count;
  while (value >= 999.5 && unit < UNITS.length - 1) {
    value /= 1000;
    unit += 1;
  }
  const figures = unit === 0 ? String(value) : value.toPrecision(value >= 100 ? 3 : 2);
  return `${figures} ${UNITS[unit]}`;
}

export function moment(time: string | null): string {
  if (!time) return "unknown";
  return new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "short" }).format(new Date(time));
}

export function count(number: number, thing: string): string {
  return `${number} ${thing}${number === 1 ? "" : "s"}`;
}
