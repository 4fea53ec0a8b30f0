/* SPDX-FileCopyrightText: 2026 The lowlat.redis authors
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What the probe is compared with: a plain PING client, as one would write it.
 *
 * ping PORT CPU: for every line "N" on standard input it makes N round trips and stores their times; it answers with
 * one line "P50 P99" of that block in nanoseconds.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

static long long now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * 1000000000LL + t.tv_nsec;
}

static int by_size(const void *a, const void *b)
{
    long long x = *(const long long *)a, y = *(const long long *)b;
    return (x > y) - (x < y);
}

static void fail(const char *what)
{
    perror(what);
    exit(1);
}

int main(int argc, char **argv)
{
    static const char request[] = "*1\r\n$4\r\nPING\r\n";
    struct sockaddr_in address = {.sin_family = AF_INET};
    char reply[64], line[64];
    cpu_set_t cpus;
    int on = 1, server;

    if (argc != 3) {
        fprintf(stderr, "usage: ping PORT CPU\n");
        return 2;
    }
    CPU_ZERO(&cpus);
    CPU_SET(atoi(argv[2]), &cpus);
    if (sched_setaffinity(0, sizeof cpus, &cpus))
        fail("sched_setaffinity");
    address.sin_port = htons((unsigned short)atoi(argv[1]));
    inet_pton(AF_INET, "127.0.0.1", &address.sin_addr);
    server = socket(AF_INET, SOCK_STREAM, 0);
    if (server < 0 || connect(server, (struct sockaddr *)&address, sizeof address))
        fail("connect");
    if (setsockopt(server, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on))
        fail("setsockopt");
    while (fgets(line, sizeof line, stdin)) {
        long count = atol(line);
        long long *times = calloc((size_t)count, sizeof *times);

        if (count < 1 || !times)
            fail("calloc");
        for (long i = 0; i < count; i++) {
            long long start = now();
            if (write(server, request, sizeof request - 1) != (ssize_t)sizeof request - 1)
                fail("write");
            if (read(server, reply, sizeof reply) != 7)
                fail("read");
            times[i] = now() - start;
            if (memcmp(reply, "+PONG\r\n", 7)) {
                fprintf(stderr, "unexpected reply\n");
                return 1;
            }
        }
        qsort(times, (size_t)count, sizeof *times, by_size);
        printf("%lld %lld\n", times[(count + 1) / 2 - 1], times[(count * 99 + 99) / 100 - 1]);
        fflush(stdout);
        free(times);
    }
    return 0;
}
