# SPDX-FileCopyrightText: 2026 The lowlat.redis authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The configuration directives of Redis 3.2 to 8.0 and Valkey 7.2 to 8.1, one a line.

``name type [limits] [restart[<x.y|>=x.y]] [secret] [alias=other name] [since=redis] [until=redis] [valkey=since]``

Types: bool, int, memory (bytes), share (memory, or per cent of maxmemory), octal, enum (one of), flags (some of),
cpus (a CPU list), path, string (one argument, taken literally), words, numbers and percentages (several arguments),
save, limits (client-output-buffer-limit), events (notify-keyspace-events). ``restart``: CONFIG SET refuses
it, in all versions or in those named. A server may know more than these (modules add theirs) or less: what it lists
itself decides.
"""

from __future__ import annotations

TABLE = """
acl-pubsub-default enum allchannels|resetchannels since=6.2
aclfile string restart since=6.0
acllog-max-len int 0 i64 since=6.0
active-defrag-cycle-max int 1 99 since=4.0
active-defrag-cycle-min int 1 99 since=4.0
active-defrag-cycle-us int 0 100000 valkey=8.1
active-defrag-ignore-bytes memory 1 i64 since=4.0
active-defrag-max-scan-fields int 1 i64 since=5.0
active-defrag-threshold-lower int 0 1000 since=4.0
active-defrag-threshold-upper int 0 1000 since=4.0
active-expire-effort int 1 10 since=6.0
activedefrag bool since=4.0
activerehashing bool
always-show-logo bool restart since=4.0
aof-disable-auto-gc bool since=7.0
aof-load-truncated bool
aof-rewrite-cpulist cpus restart alias=aof_rewrite_cpulist since=6.0
aof-rewrite-incremental-fsync bool
aof-timestamp-enabled bool since=7.0
aof-use-rdb-preamble bool since=4.0
appenddirname string restart since=7.0
appendfilename string restart
appendfsync enum everysec|always|no
appendonly bool
auto-aof-rewrite-min-size memory 0 i64
auto-aof-rewrite-percentage int 0 i32
availability-zone string valkey=8.0
bgsave-cpulist cpus restart alias=bgsave_cpulist since=6.0
bind words restart<6.2
bind-source-addr string since=7.0
bio-cpulist cpus restart alias=bio_cpulist since=6.0
busy-reply-threshold int 0 i64 alias=lua-time-limit
client-default-resp int 2 3 restart since=7.2
client-output-buffer-limit limits
client-query-buffer-limit memory 1048576 i64 since=4.0
cluster-allow-pubsubshard-when-down bool since=7.0
cluster-allow-reads-when-down bool since=6.0
cluster-allow-replica-migration bool since=6.2
cluster-announce-bus-port int 0 65535 since=4.0
cluster-announce-client-ipv4 string valkey=8.0
cluster-announce-client-ipv6 string valkey=8.0
cluster-announce-hostname string since=7.0
cluster-announce-human-nodename string since=7.2
cluster-announce-ip string since=4.0
cluster-announce-port int 0 65535 since=4.0
cluster-announce-tls-port int 0 65535 since=6.2
cluster-blacklist-ttl int 0 u64 valkey=8.0
cluster-compatibility-sample-ratio int 0 100 since=8.0
cluster-config-file string restart
cluster-enabled bool restart
cluster-link-sendbuf-limit memory 0 u64 since=7.0
cluster-manual-failover-timeout int 1 i32 valkey=8.1
cluster-migration-barrier int 0 i32
cluster-node-timeout int 0 i64
cluster-ping-interval int 0 i64 since=7.2
cluster-port int 0 65535 restart since=7.0
cluster-preferred-endpoint-type enum ip|hostname|unknown-endpoint since=7.0
cluster-replica-no-failover bool alias=cluster-slave-no-failover since=4.0
cluster-replica-validity-factor int 0 i32 alias=cluster-slave-validity-factor
cluster-require-full-coverage bool
cluster-slot-stats-enabled bool valkey=8.0
commandlog-large-reply-max-len int 0 i64 valkey=8.1
commandlog-large-request-max-len int 0 i64 valkey=8.1
commandlog-reply-larger-than int -1 i64 valkey=8.1
commandlog-request-larger-than int -1 i64 valkey=8.1
crash-log-enabled bool since=6.2
crash-memcheck-enabled bool since=6.2
daemonize bool restart
databases int 1 i32 restart
dbfilename string
debug-context string valkey=8.0
dir path
disable-thp bool restart>=7.0 since=6.2
dual-channel-replication-enabled bool valkey=8.0
dynamic-hz bool since=5.0
enable-debug-assert bool restart valkey=8.0
enable-debug-command enum no|yes|local restart since=7.0
enable-module-command enum no|yes|local restart since=7.0
enable-protected-configs enum no|yes|local restart since=7.0
events-per-io-thread int 0 i32 valkey=8.0
extended-redis-compatibility bool valkey=8.0
gopher-enabled bool since=6.0 until=6.2
hash-max-listpack-entries int 0 i64 alias=hash-max-ziplist-entries
hash-max-listpack-value memory 0 i64 alias=hash-max-ziplist-value
hide-user-data-from-log bool since=7.4
hll-sparse-max-bytes memory 0 i64
hz int 0 i32
ignore-warnings string restart<6.0 since=5.0
import-mode bool valkey=8.1
io-threads int 1 128 restart since=6.0
io-threads-do-reads bool restart since=6.0
jemalloc-bg-thread bool since=6.0
key-load-delay int -i32 i32 since=6.0
latency-monitor-threshold int 0 i64
latency-tracking bool since=7.0
latency-tracking-info-percentiles percentages since=7.0
lazyfree-lazy-eviction bool since=4.0
lazyfree-lazy-expire bool since=4.0
lazyfree-lazy-server-del bool since=4.0
lazyfree-lazy-user-del bool since=6.0
lazyfree-lazy-user-flush bool since=6.2
lfu-decay-time int 0 i32 since=4.0
lfu-log-factor int 0 i32 since=4.0
list-compress-depth int 0 i32
list-max-listpack-size int -i32 i32 alias=list-max-ziplist-size
loading-process-events-interval-bytes int 1024 i32 since=7.0
locale-collate string since=7.2
log-format enum legacy|logfmt valkey=8.1
log-timestamp-format enum legacy|iso8601|milliseconds valkey=8.1
logfile string restart
loglevel enum debug|verbose|notice|warning|nothing
lua-replicate-commands bool restart<6.0 since=5.0 until=6.2
masterauth string secret alias=primaryauth
masteruser string secret alias=primaryuser since=6.0
max-new-connections-per-cycle int 1 1000 since=7.4
max-new-tls-connections-per-cycle int 1 1000 since=7.4
maxclients int 1 u32
maxmemory memory 0 u64
maxmemory-clients share since=7.0
maxmemory-eviction-tenacity int 0 100 since=6.2
maxmemory-policy enum noeviction|allkeys-lru|allkeys-lfu|allkeys-random|\
volatile-lru|volatile-lfu|volatile-random|volatile-ttl
maxmemory-samples int 1 i32
min-replicas-max-lag int 0 i32 alias=min-slaves-max-lag
min-replicas-to-write int 0 i32 alias=min-slaves-to-write
no-appendfsync-on-rewrite bool
notify-keyspace-events events
oom-score-adj enum no|yes|relative|absolute since=6.0
oom-score-adj-values numbers 3 -2000 2000 since=6.0
pidfile string restart
port int 0 65535 restart<6.2
prefetch-batch-max-size int 0 128 valkey=8.0
proc-title-template string since=6.2
propagation-error-behavior enum ignore|panic|panic-on-replicas since=7.0
protected-mode bool
proto-max-bulk-len memory 1048576 i64 since=4.0
rdb-del-sync-files bool since=6.0
rdb-key-save-delay int -i32 i32 since=6.0
rdb-save-incremental-fsync bool since=5.0
rdb-version-check enum strict|relaxed valkey=8.1
rdbchecksum bool restart
rdbcompression bool
rdma-bind string valkey=8.1
rdma-completion-vector int -1 1024 restart valkey=8.1
rdma-port int 0 65535 valkey=8.1
rdma-rx-size memory 65536 16777216 restart valkey=8.1
repl-backlog-size memory 1 i64
repl-backlog-ttl int 0 i64
repl-disable-tcp-nodelay bool
repl-diskless-load enum disabled|on-empty-db|swapdb|flush-before-load since=6.0
repl-diskless-sync bool
repl-diskless-sync-delay int 0 i32
repl-diskless-sync-max-replicas int 0 i32 since=7.0
repl-ping-replica-period int 1 i32 alias=repl-ping-slave-period
repl-timeout int 1 i32
replica-announce-ip string alias=slave-announce-ip
replica-announce-port int 0 65535 alias=slave-announce-port
replica-announced bool since=6.2
replica-full-sync-buffer-limit memory 0 u64 since=8.0
replica-ignore-disk-write-errors bool since=7.0
replica-ignore-maxmemory bool alias=slave-ignore-maxmemory since=5.0
replica-lazy-flush bool alias=slave-lazy-flush since=4.0
replica-priority int 0 i32 alias=slave-priority
replica-read-only bool alias=slave-read-only
replica-serve-stale-data bool alias=slave-serve-stale-data
replicaof words restart alias=slaveof
req-res-logfile string restart since=7.2
requirepass string secret
sanitize-dump-payload enum no|yes|clients since=6.2
save save
server-cpulist cpus restart alias=server_cpulist since=6.0
set-max-intset-entries int 0 i64
set-max-listpack-entries int 0 i64 since=7.2
set-max-listpack-value int 0 i64 since=7.2
set-proc-title bool restart since=6.2
shutdown-on-sigint flags default|save|nosave|now|force since=7.0
shutdown-on-sigterm flags default|save|nosave|now|force since=7.0
shutdown-timeout int 0 i32 since=7.0
slowlog-log-slower-than int -1 i64 alias=commandlog-execution-slower-than
slowlog-max-len int 0 i64 alias=commandlog-slow-execution-max-len
socket-mark-id int 0 u32 restart since=7.0
stop-writes-on-bgsave-error bool
stream-node-max-bytes memory 0 i64 since=5.0
stream-node-max-entries int 0 i64 since=5.0
supervised enum upstart|systemd|auto|no restart
syslog-enabled bool restart
syslog-facility enum user|local0|local1|local2|local3|local4|local5|local6|local7 restart
syslog-ident string restart
tcp-backlog int 0 i32 restart
tcp-keepalive int 0 i32
timeout int 0 i32
tls-auth-clients enum no|yes|optional since=6.0
tls-ca-cert-dir string since=6.0
tls-ca-cert-file string since=6.0
tls-cert-file string since=6.0
tls-ciphers string since=6.0
tls-ciphersuites string since=6.0
tls-client-cert-file string since=6.2
tls-client-key-file string since=6.2
tls-client-key-file-pass string secret since=6.2
tls-cluster bool since=6.0
tls-dh-params-file string since=6.0
tls-key-file string since=6.0
tls-key-file-pass string secret since=6.2
tls-port int 0 65535 restart<6.2 since=6.0
tls-prefer-server-ciphers bool since=6.0
tls-protocols string since=6.0
tls-replication bool since=6.0
tls-session-cache-size int 0 i32 since=6.0
tls-session-cache-timeout int 0 i32 since=6.0
tls-session-caching bool since=6.0
tracking-table-max-keys int 0 i64 since=6.0
unixsocket string restart
unixsocketgroup string restart valkey=8.0
unixsocketperm octal restart
use-exit-on-panic bool since=6.2
watchdog-period int 0 i32
zset-max-listpack-entries int 0 i64 alias=zset-max-ziplist-entries
zset-max-listpack-value memory 0 i64 alias=zset-max-ziplist-value
"""
