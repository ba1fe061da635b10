import { expect, it } from "vitest";
import { bytes, count, moment } from "../../src/common/format";
import { takeKey } from "../../src/shell/key";

it("takes the key out of the address", () => {
  const addresses: string[] = [];
  const place = { hash: "#key=dk_a%2Bb", pathname: "/", search: "?x=1" };
  expect(takeKey(place, (address) => addresses.push(address))).toBe("dk_a+b");
  expect(addresses).toEqual(["/?x=1"]);
});

it("leaves an address without a key as it is", () => {
  const addresses: string[] = [];
  expect(takeKey({ hash: "#top", pathname: "/", search: "" }, (address) => addresses.push(address))).toBeNull();
  expect(addresses).toEqual([]);
});

it("writes sizes for people", () => {
  expect([0, 999, 1000, 204_800, 999_600, 5_349_000_000].map(bytes)).toEqual(["0 B", "999 B", "1.0 KB", "205 KB", "1.0 MB", "5.3 GB"]);
});

it("counts things", () => {
  expect([count(1, "image"), count(2, "image")]).toEqual(["1 image", "2 images"]);
  expect(moment(null)).toBe("unknown");
});
