/** "Open on another device": the addresses as QR codes, and a code that signs the device in. */

import { generate } from "lean-qr";
import { useEffect, useMemo, useState } from "preact/hooks";
import { Dialog } from "../common/dialog";
import { copy } from "../common/download";
import { wordsOf } from "../common/http";
import { useShell } from "../common/shell";
import { Failed, Loading } from "../common/states";
import { type Code, LINES, type Reach, left, linkTo, squares } from "./reach";
import "./style/open_elsewhere.css";

const MARGIN = 4; // light squares around a QR code, by its standard

export default function OpenElsewhere({ close }: { close(): void }) {
  const { http } = useShell();
  const [reach, setReach] = useState<Reach | null>(null);
  const [why, setWhy] = useState("");
  const load = () => {
    setWhy("");
    http.get<Reach>("/v1/addresses").then(setReach, (error) => setWhy(wordsOf(error)));
  };
  useEffect(load, [http]);
  return (
    <Dialog title="Open on another device" close={close}>
      {why ? (
        <Failed why={why} retry={load} />
      ) : !reach ? (
        <Loading what="Looking for the addresses" />
      ) : reach.addresses.length === 0 ? (
        <HowTo listens={reach.listens} />
      ) : (
        <Addresses reach={reach} />
      )}
    </Dialog>
  );
}

function HowTo({ listens }: { listens: Reach["listens"] }) {
  if (listens === "network") {
    return (
      <p>
        Darkroom listens to the network, but this machine has no address there that <code>DARKROOM_ALLOWED_HOSTS</code> lets in. Is it
        connected?
      </p>
    );
  }
  return (
    <div class="stack">
      <p>
        Only this machine reaches Darkroom as it was started. For phones and other computers of your network put this line into the file{" "}
        <code>.env</code> in Darkroom’s folder, and start it again:
      </p>
      <CopyField value={LINES} label="Line for .env" />
      <p class="quiet">
        Then this place shows the addresses, and <code>darkroom.local</code> finds it by itself. Everybody still needs a key; what is sent is
        not encrypted, so do it on networks that you trust.
      </p>
    </div>
  );
}

function Addresses({ reach }: { reach: Reach }) {
  const [place, setPlace] = useState(0);
  const [code, setCode] = useState<Code | null>(null);
  const link = linkTo(reach.addresses[place]?.url ?? "", code?.code ?? null);
  return (
    <div class="elsewhere stack">
      <p>Scan this with the device’s camera, or type an address. It must be on the same network.</p>
      <QrCode text={link} label={code ? "QR code of the address with the sign-in code" : "QR code of the address"} />
      <fieldset>
        <legend>Address</legend>
        {reach.addresses.map(({ url }, number) => (
          <label key={url}>
            <input type="radio" name="address" checked={number === place} onChange={() => setPlace(number)} />
            <span>{url}</span>
          </label>
        ))}
      </fieldset>
      {reach.sign_in && <SignInCode code={code} set={setCode} />}
      <CopyField value={link} label={code ? "Address with the sign-in code" : "Address"} />
    </div>
  );
}

/** Dark on light in every theme: many readers take nothing else. */
function QrCode({ text, label }: { text: string; label: string }) {
  const [size, path] = useMemo(() => {
    const code = generate(text);
    return [code.size, squares(code)] as const;
  }, [text]);
  const whole = size + 2 * MARGIN;
  return (
    <svg class="qr" role="img" aria-label={label} viewBox={`${-MARGIN} ${-MARGIN} ${whole} ${whole}`} shape-rendering="crispEdges">
      <rect x={-MARGIN} y={-MARGIN} width={whole} height={whole} fill="#fff" />
      <path d={path} fill="#000" />
    </svg>
  );
}

function SignInCode({ code, set }: { code: Code | null; set(code: Code | null): void }) {
  const { http, failed, session } = useShell();
  const [rights, setRights] = useState("read");
  const [past, setPast] = useState(false);
  const time = useTimeLeft(code, () => (set(null), setPast(true)));
  const make = () => {
    const scopes = rights === "write" ? ["read", "write"] : ["read"];
    http.json<Code>("POST", "/v1/sign-in-codes", { scopes }).then((made) => (setPast(false), set(made)), failed);
  };
  if (code) {
    return (
      <p class="code-note" role="status">
        The first one who opens it within <strong class="timer" aria-hidden="true">{time}</strong>
        <span class="unseen">two minutes</span> is signed in as {session.name}, {code.scopes.includes("write") ? "to look and work" : "to look"}.
        Show it to nobody else.
      </p>
    );
  }
  return (
    <div class="row">
      <label class="grow">
        <span class="unseen">The device may</span>
        <select value={rights} onChange={(event) => setRights(event.currentTarget.value)}>
          <option value="read">Look at everything</option>
          {session.scopes.includes("write") && <option value="write">Look and work</option>}
        </select>
      </label>
      <button onClick={make}>Sign it in, too</button>
      {past && <p role="status">That code is past its end.</p>}
    </div>
  );
}

/** The minutes and seconds for which the code is good; tells when they are over. */
function useTimeLeft(code: Code | null, over: () => void): string {
  const [now, setNow] = useState(() => Date.now());
  useEffect(() => {
    if (!code) return;
    setNow(Date.now());
    const timer = setInterval(() => setNow(Date.now()), 1000);
    return () => clearInterval(timer);
  }, [code]);
  const time = code && left(code.expires, now);
  useEffect(() => {
    if (code && time === null) over();
  }, [code, time]);
  return time ?? "";
}

function CopyField({ value, label }: { value: string; label: string }) {
  const [words, setWords] = useState("Copy");
  useEffect(() => setWords("Copy"), [value]);
  const act = () => void copy(value, document.querySelector("#elsewhere")).then((done) => setWords(done ? "Copied" : "Copy it by hand"));
  return (
    <div class="row copy-field">
      <input id="elsewhere" readOnly value={value} aria-label={label} onFocus={(event) => event.currentTarget.select()} />
      <button onClick={act}>{words}</button>
    </div>
  );
}
