// libcurl's easy interface without its variable arguments, which Swift cannot call.
#pragma once
#include <curl/curl.h>
#include <stddef.h>

typedef size_t (*ccurl_bytes)(char *_Nullable bytes, size_t size, size_t count, void *_Nullable context);
typedef int (*ccurl_progress)(void *_Nullable context, curl_off_t receive_total, curl_off_t received,
                              curl_off_t send_total, curl_off_t sent);

/// Once a process, before any thread uses libcurl.
int ccurl_start(void);

CURLcode ccurl_set_long(CURL *_Nonnull handle, CURLoption option, long value);
CURLcode ccurl_set_size(CURL *_Nonnull handle, CURLoption option, curl_off_t value);
CURLcode ccurl_set_text(CURL *_Nonnull handle, CURLoption option, const char *_Nullable value);
CURLcode ccurl_set_list(CURL *_Nonnull handle, CURLoption option, struct curl_slist *_Nullable value);
CURLcode ccurl_set_bytes(CURL *_Nonnull handle, CURLoption function_option, ccurl_bytes _Nonnull function,
                         CURLoption context_option, void *_Nullable context);
CURLcode ccurl_set_progress(CURL *_Nonnull handle, ccurl_progress _Nonnull function, void *_Nullable context);
long ccurl_status(CURL *_Nonnull handle);
