#include "tools/culvert-client/http.hpp"

#include <gtest/gtest.h>

namespace culvert::client {
namespace {

TEST(ClientHttp, HeadersAndCookies) {
  Reply reply;
  reply.headers = {{"X-CSTP-MTU", "1347"},
                   {"Set-Cookie", "webvpn=; expires=Thu, 01 Jan 1970 00:00:00 GMT"},
                   {"Set-Cookie", "webvpncontext=c; Secure"},
                   {"set-cookie", "webvpn=a=b; path=/; Secure"}};
  EXPECT_EQ(reply.header("x-cstp-mtu"), "1347");
  EXPECT_EQ(reply.header("X-DTLS-MTU"), "");
  EXPECT_EQ(reply.cookie("webvpn"), "a=b");  // one that is taken away is none
  EXPECT_EQ(reply.cookie("webvpncontext"), "c");
  EXPECT_EQ(reply.cookie("web"), "");
}

TEST(ClientHttp, FormsAreEncoded) {
  control::http::WipingString out;
  append_urlencoded(out, "a Z9-._~&=%+\xc3\xa9");
  EXPECT_EQ(out, "a%20Z9-._~%26%3D%25%2B%C3%A9");
}

}  // namespace
}  // namespace culvert::client
