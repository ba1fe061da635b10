/** Months of a calendar, Monday first. Pure: dates are texts such as "2026-11-20". */

export interface Month {
  /** "2026-11" */
  id: string;
  title: string;
  /** Weeks of seven days; null where the day is of another month. */
  weeks: (string | null)[][];
}

/** The months that hold the dates, newest first. */
export function months(dates: readonly string[]): Month[] {
  const ids = [...new Set(dates.map((date) => date.slice(0, 7)))].filter((id) => /^\d{4}-\d\d$/.test(id));
  return ids.sort().reverse().map(month);
}

function month(id: string): Month {
  const [year, number] = id.split("-").map(Number) as [number, number];
  const first = new Date(Date.UTC(year, number - 1, 1));
  const days = new Date(Date.UTC(year, number, 0)).getUTCDate();
  const before = (first.getUTCDay() + 6) % 7;
  const cells: (string | null)[] = Array<null>(before).fill(null);
  for (let day = 1; day <= days; day++) cells.push(`${id}-${String(day).padStart(2, "0")}`);
  while (cells.length % 7) cells.push(null);
  const weeks = [];
  for (let at = 0; at < cells.length; at += 7) weeks.push(cells.slice(at, at + 7));
  const title = new Intl.DateTimeFormat(undefined, { month: "long", year: "numeric", timeZone: "UTC" }).format(first);
  return { id, title, weeks };
}
