import { ffi } from '../ffi/index.ts';
import {
  boundOnce,
  lastError,
  systemLibrary,
  wideList,
  windowsError,
  type Handle,
  type Pointer,
  wide,
} from './libraries.ts';
import { Win32 } from './codes.ts';
import { decodeServiceConfig, type ServiceConfig } from './service-config.ts';
import {
  decodeServiceStatusProcess,
  serviceStatusBytes,
  serviceStatusProcessBytes,
  type ServiceProcessStatus,
} from './service-status.ts';

/** MSDN: Service Security and Access Rights; only what a call needs, so that queries work without privilege. */
export const ServiceAccess = {
  queryConfig: 0x1,
  changeConfig: 0x2,
  queryStatus: 0x4,
  enumerateDependents: 0x8,
  start: 0x10,
  stop: 0x20,
  pauseContinue: 0x40,
  interrogate: 0x80,
  userControl: 0x100,
  delete: 0x10000,
} as const;

const managerConnect = 0x1;
const managerCreate = 0x2;
/** MSDN: SERVICE_NO_CHANGE. */
const noChange = 0xffffffff;
const errorNormal = 1;
const ownProcess = 0x10;

/** What CreateService and ChangeServiceConfig take; a change leaves alone what is undefined. */
export interface ServiceBasics {
  readonly displayName: string;
  readonly imagePath: string;
  /** 2 automatic, 3 manual, 4 disabled. */
  readonly startType: number;
  readonly account: string;
  readonly dependencies: readonly string[];
}

/** An open connection to this machine's SCM. Errors are WINDOWS_CALL_FAILED with the code in their details. */
export class ScmConnection implements Disposable {
  readonly #handle: Handle;

  constructor(options: { readonly create?: boolean } = {}) {
    const access = managerConnect | (options.create ? managerCreate : 0);
    this.#handle = functions().OpenSCManagerW(null, null, access);
    if (!this.#handle) throw windowsError('OpenSCManagerW', lastError());
  }

  openService(name: string, access: number): ServiceHandle {
    const handle = functions().OpenServiceW(this.#handle, name, access);
    if (!handle) throw windowsError('OpenServiceW', lastError(), name);
    return new ServiceHandle(handle, name);
  }

  createService(name: string, basics: ServiceBasics): ServiceHandle {
    const { displayName, imagePath, startType, account, dependencies } = basics;
    const access =
      ServiceAccess.queryConfig |
      ServiceAccess.changeConfig |
      ServiceAccess.queryStatus |
      ServiceAccess.start;
    const handle = functions().CreateServiceW(
      ...([this.#handle, name, displayName, access, ownProcess, startType, errorNormal, imagePath] as const),
      ...([null, null, wideList(dependencies), account, null] as const),
    );
    if (!handle) throw windowsError('CreateServiceW', lastError(), name);
    return new ServiceHandle(handle, name);
  }

  [Symbol.dispose](): void {
    functions().CloseServiceHandle(this.#handle);
  }
}

/** An open service. While one is open, a deleted service is not gone yet: dispose of it. */
export class ServiceHandle implements Disposable {
  readonly #handle: Handle;
  readonly #name: string;

  constructor(handle: Handle, name: string) {
    this.#handle = handle;
    this.#name = name;
  }

  status(): ServiceProcessStatus {
    const buffer = Buffer.alloc(serviceStatusProcessBytes);
    // SC_STATUS_PROCESS_INFO is 0.
    const ok = functions().QueryServiceStatusEx(this.#handle, 0, buffer, buffer.length, needed());
    this.#check(ok, 'QueryServiceStatusEx');
    return decodeServiceStatusProcess(buffer);
  }

  config(): ServiceConfig {
    const buffer = this.#read((target, size, need) =>
      functions().QueryServiceConfigW(this.#handle, target, size, need),
    );
    return decodeServiceConfig(buffer, ffi().address(buffer));
  }

  change(basics: Partial<ServiceBasics>): void {
    const { displayName, imagePath, startType, account, dependencies } = basics;
    const ok = functions().ChangeServiceConfigW(
      ...([this.#handle, noChange, startType ?? noChange, noChange, imagePath ?? null, null, null] as const),
      dependencies ? wideList(dependencies) : null,
      account ?? null,
      // Accounts that the system keeps the password of want an empty one.
      account === undefined ? null : '',
      displayName ?? null,
    );
    this.#check(ok, 'ChangeServiceConfigW');
  }

  /** QueryServiceConfig2W; undefined where this system does not know the level. */
  level(level: number): { readonly buffer: Buffer; readonly address: bigint } | undefined {
    try {
      const buffer = this.#read((target, size, need) =>
        functions().QueryServiceConfig2W(this.#handle, level, target, size, need),
      );
      return { buffer, address: ffi().address(buffer) };
    } catch (error) {
      if (isUnknownLevel(codeOf(error))) return undefined;
      throw error;
    }
  }

  /** ChangeServiceConfig2W. @returns false where this system does not know the level */
  changeLevel(level: number, info: Buffer): boolean {
    if (functions().ChangeServiceConfig2W(this.#handle, level, info)) return true;
    const code = lastError();
    if (isUnknownLevel(code)) return false;
    throw windowsError(`ChangeServiceConfig2W (level ${level})`, code, this.#name);
  }

  /** @param args reach the service's ServiceMain after its name; the SCM does not keep them */
  start(args: readonly string[] = []): void {
    const texts = args.map(wide);
    const pointers = Buffer.alloc(8 * Math.max(1, texts.length));
    texts.forEach((text, index) => pointers.writeBigUInt64LE(ffi().address(text), index * 8));
    const ok = functions().StartServiceW(this.#handle, texts.length, texts.length === 0 ? null : pointers);
    this.#check(ok, 'StartServiceW');
  }

  control(code: number): void {
    const ok = functions().ControlService(this.#handle, code, Buffer.alloc(serviceStatusBytes));
    this.#check(ok, 'ControlService');
  }

  /** Names of running services that depend on this one (ENUM_SERVICE_STATUSW: 48 bytes, the name first). */
  activeDependents(): string[] {
    const buffer = Buffer.alloc(64 * 1024);
    const count = Buffer.alloc(4);
    const active = 1;
    const ok = functions().EnumDependentServicesW(
      this.#handle,
      active,
      buffer,
      buffer.length,
      needed(),
      count,
    );
    this.#check(ok, 'EnumDependentServicesW');
    return Array.from({ length: count.readUInt32LE() }, (_, index) =>
      String(ffi().decode(buffer.readBigUInt64LE(index * 48), 'char16_t', -1)),
    );
  }

  delete(): void {
    this.#check(functions().DeleteService(this.#handle), 'DeleteService');
  }

  [Symbol.dispose](): void {
    functions().CloseServiceHandle(this.#handle);
  }

  #read(query: (target: Buffer, size: number, need: Buffer) => boolean): Buffer {
    let buffer = Buffer.alloc(1024);
    for (;;) {
      const need = needed();
      if (query(buffer, buffer.length, need)) return buffer;
      const code = lastError();
      if (code !== Win32.insufficientBuffer) throw windowsError('QueryServiceConfig', code, this.#name);
      buffer = Buffer.alloc(Math.max(need.readUInt32LE(), buffer.length * 2));
    }
  }

  #check(ok: boolean, call: string): void {
    if (!ok) throw windowsError(call, lastError(), this.#name);
  }
}

/** The Windows error code that an error of this folder carries. */
export function codeOf(error: unknown): number | undefined {
  const code = (error as { details?: { code?: unknown } } | undefined)?.details?.code;
  return typeof code === 'number' ? code : undefined;
}

function isUnknownLevel(code: number | undefined): boolean {
  return code === Win32.invalidLevel || code === Win32.procedureOutOfRange;
}

const needed = () => Buffer.alloc(4);

const functions = boundOnce(bind);

function bind() {
  const library = systemLibrary('advapi32');
  const func = (definition: string): unknown => library.func(definition);
  return {
    OpenSCManagerW: func(
      'uintptr_t __stdcall OpenSCManagerW(str16 machine, str16 database, uint32 access)',
    ) as (machine: null, database: null, access: number) => Handle,
    OpenServiceW: func('uintptr_t __stdcall OpenServiceW(uintptr_t scm, str16 name, uint32 access)') as (
      scm: Handle,
      name: string,
      access: number,
    ) => Handle,
    CreateServiceW: func(
      'uintptr_t __stdcall CreateServiceW(uintptr_t scm, str16 name, str16 display, uint32 access, uint32 type, uint32 start, uint32 error, str16 path, str16 group, void *tag, void *dependencies, str16 account, str16 password)',
    ) as (
      ...args: [
        ...[scm: Handle, name: string, display: string, access: number, type: number, start: number],
        ...[error: number, path: string, group: null, tag: null, dependencies: Buffer, account: string],
        password: null,
      ]
    ) => Handle,
    ChangeServiceConfigW: func(
      'bool __stdcall ChangeServiceConfigW(uintptr_t service, uint32 type, uint32 start, uint32 error, str16 path, str16 group, void *tag, void *dependencies, str16 account, str16 password, str16 display)',
    ) as (
      ...args: [
        ...[service: Handle, type: number, start: number, error: number, path: string | null, group: null],
        ...[tag: null, dependencies: Buffer | null, account: string | null, password: string | null],
        display: string | null,
      ]
    ) => boolean,
    ChangeServiceConfig2W: func(
      'bool __stdcall ChangeServiceConfig2W(uintptr_t service, uint32 level, void *info)',
    ) as (service: Handle, level: number, info: Buffer) => boolean,
    QueryServiceConfigW: func(
      'bool __stdcall QueryServiceConfigW(uintptr_t service, void *buffer, uint32 size, void *needed)',
    ) as (service: Handle, buffer: Buffer, size: number, needed: Buffer) => boolean,
    QueryServiceConfig2W: func(
      'bool __stdcall QueryServiceConfig2W(uintptr_t service, uint32 level, void *buffer, uint32 size, void *needed)',
    ) as (service: Handle, level: number, buffer: Buffer, size: number, needed: Buffer) => boolean,
    QueryServiceStatusEx: func(
      'bool __stdcall QueryServiceStatusEx(uintptr_t service, int level, void *buffer, uint32 size, void *needed)',
    ) as (service: Handle, level: number, buffer: Buffer, size: number, needed: Buffer) => boolean,
    StartServiceW: func('bool __stdcall StartServiceW(uintptr_t service, uint32 count, void *args)') as (
      service: Handle,
      count: number,
      args: Pointer,
    ) => boolean,
    ControlService: func(
      'bool __stdcall ControlService(uintptr_t service, uint32 control, void *status)',
    ) as (service: Handle, control: number, status: Buffer) => boolean,
    EnumDependentServicesW: func(
      'bool __stdcall EnumDependentServicesW(uintptr_t service, uint32 state, void *buffer, uint32 size, void *needed, void *count)',
    ) as (
      service: Handle,
      state: number,
      buffer: Buffer,
      size: number,
      needed: Buffer,
      count: Buffer,
    ) => boolean,
    DeleteService: func('bool __stdcall DeleteService(uintptr_t service)') as (service: Handle) => boolean,
    CloseServiceHandle: func('bool __stdcall CloseServiceHandle(uintptr_t handle)') as (
      handle: Handle,
    ) => boolean,
  };
}
