import { readFile } from 'node:fs/promises';
import { messageOf } from '@mainstay/core';
import { buildErrors } from '../errors.ts';

const sizes = [16, 32, 48, 64] as const;
/** Points per side within one pixel whose colours are averaged. */
const samples = 4;

/**
 * The bytes of an .ico file: the operator's, or our own.
 *
 * @throws AppError BUILD_BAD_ICON
 */
export async function loadIcon(file: string | undefined): Promise<Buffer> {
  if (file === undefined) return drawIcon();
  const bytes = await readFile(file).catch((cause: unknown) => {
    throw buildErrors.error('BUILD_BAD_ICON', `Cannot read the icon ${file}: ${messageOf(cause)}`, { cause });
  });
  const count = bytes.length >= 6 && bytes.readUInt32LE(0) === 0x00010000 ? bytes.readUInt16LE(4) : 0;
  const images = Array.from({ length: count }, (_, index) => 6 + index * 16);
  const isWhole = images.every(
    (at) =>
      at + 16 <= bytes.length && bytes.readUInt32LE(at + 12) + bytes.readUInt32LE(at + 8) <= bytes.length,
  );
  if (count === 0 || !isWhole) {
    throw buildErrors.error(
      'BUILD_BAD_ICON',
      `The icon ${file} is not an .ico file; convert it, or leave --icon out`,
    );
  }
  return bytes;
}

/** Our own icon: a mast held by its stays. Drawn rather than stored, so that no binary lies in the source. */
export function drawIcon(): Buffer {
  const images = sizes.map(drawImage);
  const head = Buffer.alloc(6 + images.length * 16);
  head.writeUInt16LE(1, 2);
  head.writeUInt16LE(images.length, 4);
  let offset = head.length;
  images.forEach((image, index) => {
    const at = 6 + index * 16;
    head[at] = sizes[index] ?? 0;
    head[at + 1] = sizes[index] ?? 0;
    head.writeUInt16LE(1, at + 4);
    head.writeUInt16LE(32, at + 6);
    head.writeUInt32LE(image.length, at + 8);
    head.writeUInt32LE(offset, at + 12);
    offset += image.length;
  });
  return Buffer.concat([head, ...images]);
}

/** A 32-bit device-independent bitmap as icons hold it: bottom-up BGRA, then a transparency mask of zeros. */
function drawImage(size: number): Buffer {
  const maskBytes = Math.ceil(size / 32) * 4 * size;
  const image = Buffer.alloc(40 + size * size * 4 + maskBytes);
  image.writeUInt32LE(40, 0);
  image.writeInt32LE(size, 4);
  image.writeInt32LE(size * 2, 8);
  image.writeUInt16LE(1, 12);
  image.writeUInt16LE(32, 14);
  for (let y = 0; y < size; y++) {
    for (let x = 0; x < size; x++)
      image.writeUInt32LE(pixel(x, y, size), 40 + ((size - 1 - y) * size + x) * 4);
  }
  return image;
}

/** 0xAARRGGBB */
function pixel(x: number, y: number, size: number): number {
  const sum = [0, 0, 0, 0];
  for (let i = 0; i < samples * samples; i++) {
    const u = (x + ((i % samples) + 0.5) / samples) / size;
    const v = (y + (Math.floor(i / samples) + 0.5) / samples) / size;
    const [red, green, blue, alpha] = colourAt(u, v);
    sum[0] = (sum[0] ?? 0) + red * alpha;
    sum[1] = (sum[1] ?? 0) + green * alpha;
    sum[2] = (sum[2] ?? 0) + blue * alpha;
    sum[3] = (sum[3] ?? 0) + alpha;
  }
  const [red = 0, green = 0, blue = 0, alpha = 0] = sum;
  if (alpha === 0) return 0;
  const channel = (value: number): number => Math.round(value / alpha);
  const opacity = Math.round((alpha / (samples * samples)) * 255);
  return ((opacity << 24) | (channel(red) << 16) | (channel(green) << 8) | channel(blue)) >>> 0;
}

/** Red, green, blue (0–255) and opacity (0 or 1) at a point of the unit square. */
function colourAt(u: number, v: number): readonly [number, number, number, number] {
  const corner = 0.2;
  const dx = Math.max(Math.abs(u - 0.5) - (0.5 - corner), 0);
  const dy = Math.max(Math.abs(v - 0.5) - (0.5 - corner), 0);
  if (dx * dx + dy * dy > corner * corner) return [0, 0, 0, 0];
  const isMast = Math.abs(u - 0.5) < 0.045 && v > 0.16 && v < 0.8;
  const reach = (v - 0.16) * 0.5;
  const isStay = v > 0.16 && v < 0.8 && Math.abs(Math.abs(u - 0.5) - reach) < 0.03;
  const isDeck = Math.abs(u - 0.5) < 0.36 && v >= 0.78 && v < 0.87;
  return isMast || isStay || isDeck ? [255, 255, 255, 1] : [22, 78, 122, 1];
}
