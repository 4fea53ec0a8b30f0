// SPDX-FileCopyrightText: 2026 The lowlat.redis authors
// SPDX-License-Identifier: GPL-3.0-or-later
// The smallest module with a data type of its own: TYPED.SET key, and keys that only it can load.

#define NULL ((void *)0)
typedef unsigned long long u64;

struct methods {
    u64 version;
    void *(*load)(void *, int);
    void (*save)(void *, void *);
    void (*rewrite)(void *, void *, void *);
    void *usage, *digest;
    void (*free)(void *);
};

static int (*get_api)(const char *, void *);
static void (*set_attributes)(void *, const char *, int, int);
static void *(*create_type)(void *, const char *, int, struct methods *);
static int (*create_command)(void *, const char *, int (*)(void *, void **, int), const char *, int, int, int);
static void *(*open_key)(void *, void *, int);
static void (*close_key)(void *);
static int (*set_value)(void *, void *, void *);
static void (*save_unsigned)(void *, u64);
static u64 (*load_unsigned)(void *);
static int (*reply)(void *, const char *);
static int (*replicate)(void *);

static void *type;
static char value;

static void *load(void *io, int version) { (void)version; load_unsigned(io); return &value; }
static void save(void *io, void *of) { (void)of; save_unsigned(io, 1); }
static void rewrite(void *io, void *key, void *of) { (void)io; (void)key; (void)of; }
static void release(void *of) { (void)of; }

static int set(void *ctx, void **argv, int argc) {
    if (argc != 2) return 1;
    void *key = open_key(ctx, argv[1], 3);
    set_value(key, type, &value);
    close_key(key);
    replicate(ctx);
    return reply(ctx, "OK");
}

int RedisModule_OnLoad(void *ctx) {
    static struct methods own = {1, load, save, rewrite, NULL, NULL, release};
    get_api = (int (*)(const char *, void *))((void **)ctx)[0];
    get_api("RedisModule_SetModuleAttribs", &set_attributes);
    get_api("RedisModule_CreateDataType", &create_type);
    get_api("RedisModule_CreateCommand", &create_command);
    get_api("RedisModule_OpenKey", &open_key);
    get_api("RedisModule_CloseKey", &close_key);
    get_api("RedisModule_ModuleTypeSetValue", &set_value);
    get_api("RedisModule_SaveUnsigned", &save_unsigned);
    get_api("RedisModule_LoadUnsigned", &load_unsigned);
    get_api("RedisModule_ReplyWithSimpleString", &reply);
    get_api("RedisModule_ReplicateVerbatim", &replicate);
    set_attributes(ctx, "typed", 1, 1);
    type = create_type(ctx, "typed-typ", 0, &own);
    return type == NULL || create_command(ctx, "typed.set", set, "write", 1, 1, 1);
}
