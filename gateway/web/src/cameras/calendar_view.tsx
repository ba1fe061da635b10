/** The months of a card; days that have something can be chosen. */

import { bytes, count } from "../common/format";
import { months } from "./calendar";
import type { CardDate } from "./model";

interface Props {
  days: readonly CardDate[];
  chosen: string | null;
  choose(date: string): void;
}

const WEEKDAYS = ["Mo", "Tu", "We", "Th", "Fr", "Sa", "Su"];

export function CalendarView({ days, chosen, choose }: Props) {
  const known = new Map(days.map((day) => [day.date, day]));
  // Where the calendar would fill the screen it waits to be asked for.
  const wide = matchMedia("(min-width: 52rem)").matches;
  return (
    <aside aria-label="Dates of the card">
      <details class="cam-calendar" open={wide}>
        <summary>{chosen ? `Dates: ${chosen}` : "Dates"}</summary>
        {months(days.map((day) => day.date)).map((month) => (
        <table key={month.id}>
          <caption>{month.title}</caption>
          <thead>
            <tr>
              {WEEKDAYS.map((day) => (
                <th key={day} scope="col">
                  {day}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {month.weeks.map((week, number) => (
              <tr key={number}>
                {week.map((date, day) => (
                  <td key={day}>{date && <Day date={date} known={known.get(date)} chosen={date === chosen} choose={choose} />}</td>
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      ))}
      </details>
    </aside>
  );
}

function Day(props: { date: string; known: CardDate | undefined; chosen: boolean; choose(date: string): void }) {
  const { date, known, chosen, choose } = props;
  const number = Number(date.slice(8));
  if (!known) return <span class="cam-no-day">{number}</span>;
  const words = `${date}: ${count(known.clips, "clip")}, ${bytes(known.size)}`;
  return (
    <button type="button" class="cam-has-day" aria-pressed={chosen} aria-label={words} title={words} onClick={() => choose(date)}>
      {number}
    </button>
  );
}
