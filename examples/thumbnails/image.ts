/**
 * Image files: what the threads of `../thumbnails.ts` do with them.
 *
 * @module
 */
import { stat } from "node:fs/promises";
import { parse } from "node:path";
import { createJimp } from "@jimp/core";
import jpeg from "@jimp/js-jpeg";
import png from "@jimp/js-png";
import * as resize from "@jimp/plugin-resize";
import { task } from "../../mod.ts";

/** The parts of Jimp, an image library, that are needed here: each thread loads them. */
export const Jimp = createJimp({ formats: [jpeg, png], plugins: [resize.methods] });

/** Endings of the files that can be read and written. */
const ENDINGS = /\.(jpe?g|png)$/i;
/** What stands before the ending of a thumbnail. */
const MARK = ".thumb";

/** A thumbnail that has been written. */
export interface Thumbnail {
  /** Where it is. */
  readonly path: string;
  readonly width: number;
  readonly height: number;
  /** The size of the file. */
  readonly bytes: number;
}

/** The path of an image file with an ending that there is a decoder and an encoder for. */
export type ImagePath = `${string}.${string}`;

/** Reports whether `path` is that of an image to make a thumbnail of: not of another thumbnail. */
export function isImage(path: string): path is ImagePath {
  return ENDINGS.test(path) && !parse(path).name.endsWith(MARK);
}

/** Where the thumbnail of an image goes: `sun.jpg` to `sun.thumb.jpg`, in the same directory or in `directory`. */
export function thumbnailPath(path: ImagePath, directory: string | undefined): ImagePath {
  const { dir, name, ext } = parse(path);
  const place = directory ?? dir;
  return `${place === "" ? "" : `${place}/`}${name}${MARK}${ext as `.${string}`}`;
}

/** Makes a thumbnail that fits into a square of `side` pixels; a smaller image stays as it is. */
export const makeThumbnail = task(
  import.meta.url,
  "makeThumbnail",
  async (from: ImagePath, to: ImagePath, side: number): Promise<Thumbnail> => {
    const image = await Jimp.read(from);
    if (Math.max(image.width, image.height) > side) image.scaleToFit({ w: side, h: side });
    await image.write(to);
    return { path: to, width: image.width, height: image.height, bytes: (await stat(to)).size };
  },
);

/** An image to try this with. */
export interface Sample {
  /** Where it goes. */
  readonly path: ImagePath;
  /** Which of several it is. */
  readonly index: number;
  /** How many pixels it is wide. */
  readonly width: number;
}

/** Draws an image, a sun over a sea, and returns its path. */
export const drawSample = task(
  import.meta.url,
  "drawSample",
  async ({ path, index, width }: Sample): Promise<ImagePath> => {
    const height = Math.max(1, Math.round(width * 3 / 4));
    const image = new Jimp({ width, height });
    const { data } = image.bitmap;
    const [sunX, sunY, radius] = [width * ((index * 0.37) % 1), height * 0.3, width / 8];
    for (let y = 0; y < height; y++) {
      for (let x = 0; x < width; x++) {
        const isSun = (x - sunX) ** 2 + (y - sunY) ** 2 < radius ** 2;
        const isSea = y > height * 0.6;
        const wave = isSea ? 25 * Math.sin(x / 9 + y / 4) : 0;
        const at = 4 * (y * width + x);
        data[at] = isSun ? 255 : isSea ? 20 : 120 + 80 * y / height;
        data[at + 1] = isSun ? 210 : isSea ? 90 + wave : 170;
        data[at + 2] = isSun ? 60 : isSea ? 150 + wave : 235;
        data[at + 3] = 255;
      }
    }
    await image.write(path);
    return path;
  },
);
