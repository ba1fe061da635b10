/** The sign that all is done: a ring that closes around a tick. Still for those who want no motion. */

export function DoneSign({ words, fresh, whole }: { words: string; fresh: boolean; whole: boolean }) {
  return (
    <p class={`proc-done ${fresh ? "fresh" : ""} ${whole ? "" : "partly"}`} role="status">
      <svg viewBox="0 0 48 48" width="40" height="40" aria-hidden="true">
        <circle cx="24" cy="24" r="20" pathLength="1" />
        <path d="M15 24.5l6.5 6.5L33.5 18" pathLength="1" />
      </svg>
      <strong>{words}</strong>
    </p>
  );
}
