#include "CCurl.h"

int ccurl_start(void) { return (int)curl_global_init(CURL_GLOBAL_DEFAULT); }

CURLcode ccurl_set_long(CURL *handle, CURLoption option, long value) { return curl_easy_setopt(handle, option, value); }

CURLcode ccurl_set_size(CURL *handle, CURLoption option, curl_off_t value) {
  return curl_easy_setopt(handle, option, value);
}

CURLcode ccurl_set_text(CURL *handle, CURLoption option, const char *value) {
  return curl_easy_setopt(handle, option, value);
}

CURLcode ccurl_set_list(CURL *handle, CURLoption option, struct curl_slist *value) {
  return curl_easy_setopt(handle, option, value);
}

CURLcode ccurl_set_bytes(CURL *handle, CURLoption function_option, ccurl_bytes function, CURLoption context_option,
                         void *context) {
  CURLcode result = curl_easy_setopt(handle, function_option, function);
  return result ? result : curl_easy_setopt(handle, context_option, context);
}

CURLcode ccurl_set_progress(CURL *handle, ccurl_progress function, void *context) {
  CURLcode result = curl_easy_setopt(handle, CURLOPT_XFERINFOFUNCTION, function);
  if (!result) result = curl_easy_setopt(handle, CURLOPT_XFERINFODATA, context);
  return result ? result : curl_easy_setopt(handle, CURLOPT_NOPROGRESS, 0L);
}

long ccurl_status(CURL *handle) {
  long status = 0;
  curl_easy_getinfo(handle, CURLINFO_RESPONSE_CODE, &status);
  return status;
}
