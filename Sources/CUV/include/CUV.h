// libuv, and what Swift cannot say well: socket addresses, limits of a child, the runtime's global-executor hook.
// Calls that can fail return a negative errno.
#pragma once
#include <stddef.h>
#include <stdint.h>
#include <uv.h>

enum { cuv_host_bytes = 64 };

/// A listening, non-blocking, close-on-exec TCP socket.
int cuv_listen(const char *_Nonnull host, uint16_t port, int backlog);

/// A non-blocking, close-on-exec TCP socket that connects, or has connected.
int cuv_connect(const char *_Nonnull host, uint16_t port);

/// The next waiting connection, with its peer's address.
int cuv_accept(int listener, char *_Nonnull host, uint16_t *_Nonnull port);

/// A socket's own address.
int cuv_local_address(int socket, char *_Nonnull host, uint16_t *_Nonnull port);

/// The error of a connect that was under way; 0 when it stands.
int cuv_connect_result(int socket);

/// Fills `bytes` from the kernel's generator; returns how many it wrote.
int64_t cuv_random(void *_Nullable bytes, size_t count);

/// Sets a running child's limits and nice value; a negative limit is left as it is.
int cuv_limit(int pid, int64_t cpu_seconds, int64_t address_space_bytes, int64_t file_size_bytes,
              int64_t descriptors, int nice_value);

/// Counts what Swift's runtime gives to its global executor on threads that run a loop (between the two calls
/// of `cuv_running_loop`): each is `async` code that left its loop.
void cuv_count_global_enqueues(void);
void cuv_running_loop(int is_running);
int64_t cuv_global_enqueues(void);
