#include <stdint.h>
/// Echoes `frame_bytes` frames over `connections`, each with `depth` of them in flight, for `seconds`, on a thread
/// of its own. `client_finish` waits for it and returns the number of frames that came back.
void client_start(uint16_t port, int connections, int depth, int frame_bytes, double seconds);
int64_t client_finish(void);
int client_is_done(void);
int64_t thread_cpu_nanoseconds(void);
