#include "tools/culvert-client/http.hpp"

#include <gtest/gtest.h>

namespace culvert::client {
namespace {

TEST(ClientHttp, FormsAreEncoded) {
  control::http::WipingString out;
  append_urlencoded(out, "a Z9-._~&=%+\xc3\xa9");
  EXPECT_EQ(out, "a%20Z9-._~%26%3D%25%2B%C3%A9");
}

}  // namespace
}  // namespace culvert::client
