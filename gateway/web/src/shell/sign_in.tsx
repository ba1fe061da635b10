import { useState } from "preact/hooks";

interface Props {
  why: string;
  enter(key: string): Promise<void>;
}

export function SignIn({ why, enter }: Props) {
  const [key, setKey] = useState("");
  const [busy, setBusy] = useState(false);
  const submit = async (event: Event) => {
    event.preventDefault();
    setBusy(true);
    await enter(key.trim());
    setBusy(false);
  };
  return (
    <main class="sign-in">
      <img src="/icon.svg" alt="" width="56" height="56" />
      <h1>Darkroom</h1>
      <form onSubmit={submit}>
        <label for="key">Key</label>
        <input
          id="key"
          type="password"
          autocomplete="current-password"
          required
          autofocus
          value={key}
          onInput={(event) => setKey(event.currentTarget.value)}
          aria-describedby="key-help"
        />
        <p id="key-help" class="quiet">
          If Darkroom runs on your machine, <code>make run</code> has printed an address that holds it; it is also in <code>admin.key</code> in
          the data folder. If somebody else runs it, ask them for a key of your own.
        </p>
        <button class="primary" disabled={busy}>
          {busy ? "Signing in …" : "Sign in"}
        </button>
        <p role="alert" class="wrong">
          {why}
        </p>
      </form>
    </main>
  );
}
