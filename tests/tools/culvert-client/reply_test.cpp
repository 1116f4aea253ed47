#include "tools/culvert-client/reply.hpp"

#include <gtest/gtest.h>

namespace culvert::client {
namespace {

using control::http::WipingString;

TEST(ClientReply, HeadersAndCookies) {
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

TEST(ClientReply, IsReadByteByByte) {
  constexpr std::string_view kWhole =
      "HTTP/1.1 200 OK\r\nContent-Length: 4\r\nSet-Cookie: webvpn=x\r\n\r\nbody";
  ReplyReader reader;
  reader.expect(false);
  WipingString bytes;
  for (const char each : kWhole.substr(0, kWhole.size() - 1)) {
    bytes += each;
    ASSERT_FALSE(reader.read(bytes));
  }
  bytes += kWhole.back();
  const std::optional<Reply> reply = reader.read(bytes);
  ASSERT_TRUE(reply);
  EXPECT_EQ(reply->status, 200U);
  EXPECT_EQ(reply->body, "body");
  EXPECT_EQ(reply->cookie("webvpn"), "x");
  EXPECT_TRUE(reply->keep_alive);
  EXPECT_TRUE(bytes.empty());
  EXPECT_EQ(reader.problem(), "");
}

TEST(ClientReply, OfAConnectEndsWithItsHeader) {
  ReplyReader reader;
  reader.expect(true);
  WipingString bytes = "HTTP/1.1 200 CONNECTED\r\nX-CSTP-MTU: 1300\r\n\r\nSTF";
  const std::optional<Reply> reply = reader.read(bytes);
  ASSERT_TRUE(reply);
  EXPECT_EQ(reply->header("X-CSTP-MTU"), "1300");
  EXPECT_EQ(bytes, "STF");
  EXPECT_FALSE(reader.read(bytes));  // nobody has asked for more
  EXPECT_NE(reader.problem(), "");
}

TEST(ClientReply, IsAProblemWhenItIsTooLongOrNone) {
  for (const std::string_view bad : {"SSH-2.0-OpenSSH_9.2\r\n\r\n", "HTTP/1.1 2000 OK\r\n\r\n",
                                     "HTTP/1.1 200 OK\r\nContent-Length: 262145\r\n\r\n",
                                     "HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n"}) {
    ReplyReader reader;
    reader.expect(false);
    WipingString bytes(bad);
    EXPECT_FALSE(reader.read(bytes)) << bad;
    EXPECT_NE(reader.problem(), "") << bad;
  }
  ReplyReader reader;
  reader.expect(false);
  WipingString bytes = "HTTP/1.1 200 OK\r\nX-Long: ";
  bytes.append(16 * 1024, 'x');
  EXPECT_FALSE(reader.read(bytes));
  EXPECT_NE(reader.problem(), "");
}

}  // namespace
}  // namespace culvert::client
