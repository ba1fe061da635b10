/** A field for a tag, which knows the tags that are in use. */

import { useId, useState } from "preact/hooks";
import type { Api } from "./api";
import type { TagCount } from "./model";

interface Props {
  api: Api;
  label: string;
  placeholder?: string;
  value: string;
  change(value: string): void;
}

export function TagInput({ api, label, placeholder = "New tag", value, change }: Props) {
  const [known, setKnown] = useState<readonly TagCount[]>([]);
  const id = useId();
  // Without the list the field works as well.
  const load = () => void api.tags().then(setKnown, () => undefined);
  return (
    <>
      <input
        aria-label={label}
        placeholder={placeholder}
        required
        maxLength={100}
        list={id}
        autocomplete="off"
        value={value}
        onFocus={load}
        onInput={(event) => change(event.currentTarget.value)}
      />
      <datalist id={id}>
        {known.map(({ tag }) => (
          <option key={tag} value={tag} />
        ))}
      </datalist>
    </>
  );
}
