/** Small drawings beside words; a screen reader skips them. */

const PATHS = {
  images: "M4 5h16v14H4zM4 15l4.5-4.5 4 4L15 12l5 4.5M15.5 8.5h.01",
  tagging: "M3.5 11.5V4.5h7l9.5 9.5-7 7zM7.5 8.5h.01",
  processing: "M4 7h9m4 0h3M4 17h3m4 0h9M15 5v4M9 15v4",
  cameras: "M3 7h12v10H3zM15 11l6-3.5v9L15 13",
  jobs: "M5 6h14M5 12h14M5 18h9",
  more: "M5 12h.01M12 12h.01M19 12h.01",
  help: "M9 9a3 3 0 1 1 4.2 2.7c-.8.4-1.2 1-1.2 2v.3M12 17.5h.01",
  grid: "M4 4h6v6H4zM14 4h6v6h-6zM4 14h6v6H4zM14 14h6v6h-6z",
  frame: "M4 5h16v14H4z",
  fit: "M4 9V4h5M20 9V4h-5M4 15v5h5M20 15v5h-5",
  rotate: "M20 11a8 8 0 1 0-2.3 6.3M20 5v6h-6",
  undo: "M9 14 4 9l5-5M4 9h10a6 6 0 0 1 0 12h-3",
  redo: "M15 14l5-5-5-5M20 9H10a6 6 0 0 0 0 12h3",
  save: "M5 4h11l3 3v13H5zM8 4v5h7V4M8 20v-6h8v6",
  settings: "M4 8h10M18 8h2M4 16h2M10 16h10M14 6v4M6 14v4",
} as const;

export type IconName = keyof typeof PATHS;

export function Icon({ name }: { name: IconName }) {
  return (
    <svg class="glyph" viewBox="0 0 24 24" width="20" height="20" aria-hidden="true" focusable="false">
      <path d={PATHS[name]} fill="none" stroke="currentColor" stroke-width="2" stroke-linecap="round" stroke-linejoin="round" />
    </svg>
  );
}
