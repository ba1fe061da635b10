/** The workbenches. Each is loaded when it is first opened; its folder's index has the component. */

import type { ComponentType } from "preact";
import type { IconName } from "../common/icons";
import type { Route } from "../common/router";

export interface Workbench {
  /** The first part of its addresses. */
  id: string;
  title: string;
  icon: IconName;
  /** The service that it works on, as the gateway names it; without it there is no such workbench. */
  service: string;
  load(): Promise<{ default: ComponentType<{ route: Route }> }>;
}

export const WORKBENCHES: readonly Workbench[] = [
  { id: "images", title: "Images", icon: "images", service: "imagestore", load: () => import("../images") },
  { id: "tagging", title: "Tagging", icon: "tagging", service: "tagging", load: () => import("../tagging") },
  { id: "processing", title: "Processing", icon: "processing", service: "processing", load: () => import("../processing") },
  { id: "cameras", title: "Cameras", icon: "cameras", service: "sdcard", load: () => import("../cameras") },
];

/** Where a job's outcome is seen: the address of a page, by the service and what the job tells of itself. */
export const JOB_PLACES: Readonly<Record<string, (job: { id: number; subject: string }) => string | null>> = {
  tagging: (job) => (job.subject.startsWith("datasets/") ? `#/tagging/${job.subject.slice(9)}` : null),
  processing: (job) => `#/processing/jobs/${job.id}`,
  sdcard: (job) => (job.subject.startsWith("cameras/") ? `#/cameras/${encodeURIComponent(job.subject.slice(8))}` : null),
};
