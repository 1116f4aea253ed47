#include "tools/culvert-client/auth_document.hpp"

#include <gtest/gtest.h>

namespace culvert::client {
namespace {

TEST(ClientAuthDocument, InitSaysWhereAndWhichGroup) {
  const auto plain = init_document("https://vpn.example/a&b", "");
  EXPECT_NE(plain.find(R"(type="init")"), plain.npos);
  EXPECT_NE(plain.find("<group-access>https://vpn.example/a&amp;b</group-access></config-auth>"),
            plain.npos);
  const auto grouped = init_document("https://vpn.example", "<staff>");
  EXPECT_NE(grouped.find("<group-select>&lt;staff&gt;</group-select></config-auth>"), grouped.npos);
}

TEST(ClientAuthDocument, ReplyFillsInTheForm) {
  Document form;
  form.opaque = "<opaque is-for=\"sg\"><x>1</x></opaque>";
  form.inputs = {{"text", "username", ""},
                 {"password", "password", ""},
                 {"hidden", "state", "s\"1"},
                 {"submit", "Login", "Login"},
                 {"text", "", ""}};
  const auto reply = reply_document(form, {"u<1", "p&w", "all"});
  EXPECT_NE(reply.find(R"(type="auth-reply")"), reply.npos);
  EXPECT_NE(reply.find("<opaque is-for=\"sg\"><x>1</x></opaque><auth><username>u&lt;1</username>"
                       "<password>p&amp;w</password><state>s&quot;1</state></auth>"
                       "<group-select>all</group-select></config-auth>\n"),
            reply.npos);
  EXPECT_EQ(reply.find("Login"), reply.npos);
}

}  // namespace
}  // namespace culvert::client
