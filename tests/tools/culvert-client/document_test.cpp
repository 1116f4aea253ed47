#include "tools/culvert-client/document.hpp"

#include <gtest/gtest.h>

#include "tools/culvert-client/failure.hpp"

namespace culvert::client {
namespace {

TEST(ClientDocument, FormWithGroups) {
  const Document form = Document::parse(
      "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<config-auth client=\"vpn\" "
      "type=\"auth-request\"><opaque is-for=\"sg\"><tunnel-group>A &amp; B</tunnel-group></opaque>"
      "<auth id=\"main\"><message>Please log in.</message><error id=\"88\" param1=\"no such user\" "
      "param2=\"\">Login failed: %s</error><form method=\"post\" action=\"/staff\">"
      "<input type=\"text\" name=\"username\"/><input type=\"password\" name=\"password\"/>"
      "<input type=\"hidden\" name=\"token\" value=\"7\"/><select name=\"group_list\">"
      "<option value=\"a\">Alpha</option><option selected=\"true\">Beta</option></select>"
      "</form></auth></config-auth>");
  EXPECT_TRUE(form.has_form);
  EXPECT_FALSE(form.complete);
  EXPECT_EQ(form.action, "/staff");
  EXPECT_EQ(form.error, "Login failed: no such user");
  // As it came: not as XML would have it.
  EXPECT_EQ(form.opaque, "<opaque is-for=\"sg\"><tunnel-group>A &amp; B</tunnel-group></opaque>");
  ASSERT_EQ(form.inputs.size(), 3u);
  EXPECT_EQ(form.inputs[2].value, "7");
  ASSERT_EQ(form.groups.size(), 2u);
  EXPECT_EQ(form.groups[0].value, "a");
  EXPECT_EQ(form.groups[0].text, "Alpha");
  EXPECT_EQ(form.groups[1].value, "Beta");  // without a value the text is the value
  EXPECT_TRUE(form.groups[1].selected);
}

TEST(ClientDocument, TheEndOfTheDialogue) {
  const Document done = Document::parse(
      "<config-auth type=\"complete\"><session-token>secret</session-token>"
      "<auth id=\"success\"><banner>Welcome</banner></auth></config-auth>");
  EXPECT_TRUE(done.complete);
  EXPECT_EQ(done.session_token, "secret");
  EXPECT_EQ(done.message, "Welcome");
  EXPECT_TRUE(
      Document::parse("<config-auth><client-cert-request/></config-auth>").wants_certificate);
}

TEST(ClientDocument, ParametersAreNoFormats) {
  const Document form = Document::parse(
      "<auth id=\"main\"><error param1=\"%s and %s\" param2=\"two\">%s, %s, %s</error></auth>");
  EXPECT_EQ(form.error, "%s and %s, two, %s");
}

TEST(ClientDocument, NothingElseIsTaken) {
  for (const char* text :
       {"", "Not found", "<html></html>", "<config-auth>", "<config-auth></auth>",
        "<!DOCTYPE a [<!ENTITY b \"c\">]><config-auth>&b;</config-auth>"}) {
    EXPECT_THROW((void)Document::parse(text), Failure) << text;
  }
}

// They become part of a request's line and header.
TEST(ClientDocument, AnActionOrTokenWithLineEndsIsRefused) {
  EXPECT_THROW((void)Document::parse("<auth id=\"main\"><form action=\"/&#13;&#10;X: y\"/></auth>"),
               Failure);
  EXPECT_THROW((void)Document::parse("<auth id=\"main\"><form action=\"/a b\"/></auth>"), Failure);
  EXPECT_THROW((void)Document::parse("<config-auth><session-token>a&#10;b</session-token>"
                                     "<auth id=\"success\"/></config-auth>"),
               Failure);
}

}  // namespace
}  // namespace culvert::client
