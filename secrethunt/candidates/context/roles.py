# SPDX-License-Identifier: Apache-2.0
"""
What the node types of tree-sitter's grammars mean for a value. Grammars agree on most names, so one table serves all of
them; where one means something else by a name, the language's own table says so.
"""

from __future__ import annotations

STRING, TEXT, BLOCK, COMMENT, CODE = "string", "plain text", "text block", "comment", "code"
ASSIGNED, DEFAULT, COMPARED, ARGUMENT, NAMED, PAIR, ANNOTATED = (
    "assigned",
    "default argument",
    "comparison",
    "argument",
    "named argument",
    "dictionary value",
    "annotation",
)
RETURNED, ELEMENT, LISTED, COMMAND, STATEMENT = (
    "returned",
    "element of markup",
    "element of a list",
    "argument of a command",
    "statement of its own",
)


LITERALS = {
    **dict.fromkeys(
        (
            "string string_literal interpreted_string_literal raw_string_literal encapsed_string raw_string ansi_c_string"
            " verbatim_string_literal interpolated_string_expression interpolated_string template_string char_literal"
            " line_string_literal multi_line_string_literal double_quote_scalar single_quote_scalar string_lit"
            " quoted_template AttValue quoted_attribute_value double_quoted_string single_quoted_string literal"
            " multiline_string_literal character_literal concatenated_string raw_string_literal_content byte_string_literal"
            " expandable_string_literal verbatim_string_characters system_lib_string"
        ).split(),
        STRING,
    ),
    **dict.fromkeys(
        "plain_scalar word unquoted_string CharData CData text attribute_value shell_fragment preproc_arg".split(), TEXT
    ),
    **dict.fromkeys("heredoc_body block_scalar heredoc_content nowdoc heredoc raw_text content_text".split(), BLOCK),
    **dict.fromkeys("comment line_comment block_comment multiline_comment Comment html_comment".split(), COMMENT),
}
"""Node types that are a literal, and its kind; the outermost that is no comment's content counts."""

USES = {
    **dict.fromkeys(
        (
            "assignment variable_declarator assignment_expression property_declaration const_spec var_spec"
            " short_var_declaration assignment_statement init_declarator const_item static_item let_declaration"
            " val_definition var_definition const_element property_element variable_assignment attribute"
            " public_field_definition field_definition enum_assignment env_pair arg_instruction preproc_def label_pair"
            " augmented_assignment operator_assignment local_variable_declaration expression_assignment named_expression"
        ).split(),
        ASSIGNED,
    ),
    **dict.fromkeys(
        (
            "default_parameter typed_default_parameter assignment_pattern required_parameter optional_parameter"
            " keyword_parameter simple_parameter parameter optional_parameter_declaration function_value_parameters"
            " script_parameter_default class_parameter expansion"
        ).split(),
        DEFAULT,
    ),
    **dict.fromkeys("comparison_operator equality_expression test_command".split(), COMPARED),
    **dict.fromkeys("binary_expression binary infix_expression comparison_expression".split(), "operation"),
    **dict.fromkeys(
        "argument_list arguments value_arguments function_arguments call_suffix token_tree".split(), ARGUMENT
    ),
    **dict.fromkeys("keyword_argument named_argument labeled_argument".split(), NAMED),
    **dict.fromkeys(
        (
            "pair keyed_element object_elem field_initializer initializer_pair array_element_initializer block_mapping_pair"
            " flow_pair hash_entry key_value_pair"
        ).split(),
        PAIR,
    ),
    **dict.fromkeys("annotation_argument_list attribute_argument_list attribute_list attribute_item".split(), ANNOTATED),
    **dict.fromkeys("return_statement return_expression control_transfer_statement".split(), RETURNED),
    **dict.fromkeys("element EmptyElemTag".split(), ELEMENT),
    **dict.fromkeys(
        "array list tuple array_creation_expression array_literal collection_literal block_sequence flow_sequence".split(),
        LISTED,
    ),
    **dict.fromkeys("command command_elements run_instruction".split(), COMMAND),
    **dict.fromkeys("expression_statement".split(), STATEMENT),
}
"""Node types that say what is done with the value below them; all others are passed through."""

OWN_USES = {
    "xml": {"Attribute": ASSIGNED},
    "hcl": {"object_elem": PAIR},
    "swift": {"function_declaration": DEFAULT, "dictionary_literal": PAIR},
    "sql": {"alter_role": ASSIGNED, "create_role": ASSIGNED, "list": LISTED},
    "c_sharp": {"attribute": ANNOTATED},
    "rust": {"attribute": ANNOTATED},
    "php": {"attribute": ANNOTATED},
    "dockerfile": {"shell_command": COMMAND},
    "kotlin": {"parameter": "", "value_argument": ""},
    "java": {"annotation": ANNOTATED},
}
"""Where a language means something else by a name, or has a name of its own."""

SCOPES = frozenset(
    (
        "function_definition function_declaration method_definition method_declaration method class_definition"
        " class_declaration class object_definition function_item mod_item namespace_declaration module"
        " call_expression call method_invocation function_call_expression arrow_function constructor_declaration"
        " decorated_definition singleton_method object_declaration function_statement"
    ).split()
)
"""Node types whose first line may say that what is below belongs to a test."""


def use_of(language: str, node_type: str) -> str:
    """What a node of that type does with the value below it, or empty."""
    own = OWN_USES.get(language)
    return own[node_type] if own and node_type in own else USES.get(node_type, "")
