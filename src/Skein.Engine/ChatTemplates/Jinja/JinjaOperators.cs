using System.Text;

namespace Skein.Engine.ChatTemplates.Jinja;

/// <summary>Operators with Python's meaning.</summary>
internal static class JinjaOperators
{
    public static JinjaValue Apply(string @operator, JinjaValue left, JinjaValue right, JinjaBudget budget)
    {
        RequireDefined(left);
        RequireDefined(right);
        if (left.IsNumber && right.IsNumber)
        {
            return Calculate(@operator, left, right);
        }

        switch (@operator)
        {
            case "+" when left.IsText && right.IsText:
                budget.Text((long)left.Text.Length + right.Text.Length);
                return JinjaValue.From(left.Text + right.Text);
            case "+" when left.Kind == JinjaKind.List && right.Kind == JinjaKind.List && left.List.IsTuple == right.List.IsTuple:
                budget.Items(left.List.Items.Count + right.List.Items.Count);
                return JinjaValue.From(new JinjaList([.. left.List.Items, .. right.List.Items], left.List.IsTuple));
            case "*" when left.IsWhole:
                return Repeat(right, left.Integer, budget) ?? throw Mismatch(@operator, left, right);
            case "*" when right.IsWhole:
                return Repeat(left, right.Integer, budget) ?? throw Mismatch(@operator, left, right);
            case "%" when left.IsText:
                return JinjaValue.From(PythonFormat.Percent(left.Text, right, budget));
            default:
                throw Mismatch(@operator, left, right);
        }
    }

    public static JinjaValue Negate(JinjaValue value)
    {
        RequireDefined(value);
        return value switch
        {
            { Kind: JinjaKind.Float } => JinjaValue.From(-value.Number),
            { IsWhole: true } when value.Integer != long.MinValue => JinjaValue.From(-value.Integer),
            { IsWhole: true } => throw Overflow(),
            _ => throw JinjaFault.Failed($"a {value.TypeName} cannot be negated"),
        };
    }

    public static bool Compare(string @operator, JinjaValue left, JinjaValue right, JinjaBudget budget) => @operator switch
    {
        "==" => AreEqual(left, right, budget),
        "!=" => !AreEqual(left, right, budget),
        "in" => Contains(right, left, budget),
        "not in" => !Contains(right, left, budget),
        "<" => Order(left, right, budget) is < 0,
        "<=" => Order(left, right, budget) is <= 0,
        ">" => Order(left, right, budget) is > 0,
        _ => Order(left, right, budget) is >= 0,
    };

    public static bool AreEqual(JinjaValue left, JinjaValue right, JinjaBudget budget)
    {
        if (left.IsNumber && right.IsNumber)
        {
            return left.IsWhole && right.IsWhole ? left.Integer == right.Integer : left.Number == right.Number;
        }

        if (left.Kind != right.Kind)
        {
            return false;
        }

        switch (left.Kind)
        {
            case JinjaKind.Undefined or JinjaKind.None:
                return true;
            case JinjaKind.Text:
                budget.Scan(Math.Min(left.Text.Length, right.Text.Length));
                return string.Equals(left.Text, right.Text, StringComparison.Ordinal);
            case JinjaKind.List:
                return AreEqual(left.List, right.List, budget);
            case JinjaKind.Dictionary:
                return AreEqual(left.Dictionary, right.Dictionary, budget);
            default:
                return ReferenceEquals(left.Object, right.Object);
        }
    }

    /// <summary>Negative, zero or positive; null where a NaN makes every comparison false.</summary>
    public static int? Order(JinjaValue left, JinjaValue right, JinjaBudget budget)
    {
        budget.Enter();
        RequireDefined(left);
        RequireDefined(right);
        int? order;
        if (left.IsNumber && right.IsNumber)
        {
            order = left.IsWhole && right.IsWhole ? left.Integer.CompareTo(right.Integer)
                : double.IsNaN(left.Number) || double.IsNaN(right.Number) ? null
                : left.Number.CompareTo(right.Number);
        }
        else if (left.IsText && right.IsText)
        {
            budget.Scan(Math.Min(left.Text.Length, right.Text.Length));
            order = PythonText.Compare(left.Text, right.Text);
        }
        else if (left.Kind == JinjaKind.List && right.Kind == JinjaKind.List && left.List.IsTuple == right.List.IsTuple)
        {
            order = left.List.Items.Count.CompareTo(right.List.Items.Count);
            for (var i = 0; i < Math.Min(left.List.Items.Count, right.List.Items.Count); i++)
            {
                if (!AreEqual(left.List.Items[i], right.List.Items[i], budget))
                {
                    order = Order(left.List.Items[i], right.List.Items[i], budget);
                    break;
                }
            }
        }
        else
        {
            throw JinjaFault.Failed($"a {left.TypeName} and a {right.TypeName} have no order");
        }

        budget.Leave();
        return order;
    }

    public static bool Contains(JinjaValue container, JinjaValue item, JinjaBudget budget)
    {
        switch (container.Kind)
        {
            case JinjaKind.Undefined:
                return false;
            case JinjaKind.Text when item.IsText:
                budget.Search(container.Text.Length, item.Text.Length);
                return container.Text.Contains(item.Text, StringComparison.Ordinal);
            case JinjaKind.Dictionary:
                return container.Dictionary.TryGet(item, out _);
            case JinjaKind.List:
                foreach (var candidate in container.List.Items)
                {
                    budget.Step();
                    if (AreEqual(candidate, item, budget))
                    {
                        return true;
                    }
                }

                return false;
            default:
                throw JinjaFault.Failed(container.IsText ? $"'in' looks for text in text, not for a {item.TypeName}" : $"'in' cannot look into a {container.TypeName}");
        }
    }

    /// <summary>Refuses an undefined value with its own message.</summary>
    public static void RequireDefined(JinjaValue value)
    {
        if (value.IsUndefined)
        {
            throw JinjaFault.Failed(value.Missing);
        }
    }

    private static bool AreEqual(JinjaList left, JinjaList right, JinjaBudget budget)
    {
        if (ReferenceEquals(left, right))
        {
            return true;
        }

        if (left.IsTuple != right.IsTuple || left.Items.Count != right.Items.Count)
        {
            return false;
        }

        budget.Enter();
        for (var i = 0; i < left.Items.Count; i++)
        {
            budget.Step();
            if (!AreEqual(left.Items[i], right.Items[i], budget))
            {
                budget.Leave();
                return false;
            }
        }

        budget.Leave();
        return true;
    }

    private static bool AreEqual(JinjaDictionary left, JinjaDictionary right, JinjaBudget budget)
    {
        if (ReferenceEquals(left, right))
        {
            return true;
        }

        if (left.Count != right.Count)
        {
            return false;
        }

        budget.Enter();
        foreach (var (key, value) in left.Entries)
        {
            budget.Step();
            if (!right.TryGet(key, out var other) || !AreEqual(value, other, budget))
            {
                budget.Leave();
                return false;
            }
        }

        budget.Leave();
        return true;
    }

    private static JinjaValue Calculate(string @operator, JinjaValue left, JinjaValue right)
    {
        if (@operator == "/")
        {
            return right.Number == 0 ? throw DividedByZero() : JinjaValue.From(left.Number / right.Number);
        }

        try
        {
            return left.IsWhole && right.IsWhole ? Calculate(@operator, left.Integer, right.Integer) : Calculate(@operator, left.Number, right.Number);
        }
        catch (OverflowException)
        {
            throw Overflow();
        }
    }

    private static JinjaValue Calculate(string @operator, long left, long right)
    {
        checked
        {
            switch (@operator)
            {
                case "+":
                    return JinjaValue.From(left + right);
                case "-":
                    return JinjaValue.From(left - right);
                case "*":
                    return JinjaValue.From(left * right);
                case "**":
                    return Power(left, right);
                default:
                    if (right == 0)
                    {
                        throw DividedByZero();
                    }

                    // Python rounds towards minus infinity, and the remainder has the sign of the divisor.
                    var quotient = left / right;
                    var remainder = right == -1 ? 0 : left % right;
                    var isRounded = remainder != 0 && (remainder < 0) != (right < 0);
                    return JinjaValue.From(@operator == "//" ? quotient - (isRounded ? 1 : 0) : remainder + (isRounded ? right : 0));
            }
        }
    }

    private static JinjaValue Power(long value, long exponent)
    {
        if (exponent < 0)
        {
            return value == 0 ? throw DividedByZero() : JinjaValue.From(Math.Pow(value, exponent));
        }

        if (value is 0 or 1 or -1)
        {
            return JinjaValue.From(exponent == 0 ? 1 : value == -1 && exponent % 2 == 0 ? 1 : value);
        }

        long power = 1;
        for (long i = 0; i < exponent; i++)
        {
            // Ends with an overflow after 62 rounds at most.
            power = checked(power * value);
        }

        return JinjaValue.From(power);
    }

    private static JinjaValue Calculate(string @operator, double left, double right)
    {
        switch (@operator)
        {
            case "+":
                return JinjaValue.From(left + right);
            case "-":
                return JinjaValue.From(left - right);
            case "*":
                return JinjaValue.From(left * right);
            case "**":
                return JinjaValue.From(Math.Pow(left, right));
            default:
                if (right == 0)
                {
                    throw DividedByZero();
                }

                var remainder = left % right;
                if (remainder != 0 && (remainder < 0) != (right < 0))
                {
                    remainder += right;
                }

                return JinjaValue.From(@operator == "//" ? Math.Round((left - remainder) / right) : remainder);
        }
    }

    private static JinjaValue? Repeat(JinjaValue value, long count, JinjaBudget budget)
    {
        count = Math.Max(count, 0);
        if (value.IsText)
        {
            budget.Text(Product(value.Text.Length, count));
            return JinjaValue.From(value.Text.Length == 0 ? string.Empty : new StringBuilder().Insert(0, value.Text, (int)count).ToString());
        }

        if (value.Kind != JinjaKind.List)
        {
            return null;
        }

        budget.Items(Product(value.List.Items.Count, count));
        var items = new List<JinjaValue>();
        for (long i = 0; i < count && value.List.Items.Count > 0; i++)
        {
            items.AddRange(value.List.Items);
        }

        return JinjaValue.From(new JinjaList(items, value.List.IsTuple));
    }

    private static long Product(long length, long count) => count > 0 && length > long.MaxValue / count ? long.MaxValue : length * count;

    private static JinjaFault Mismatch(string @operator, JinjaValue left, JinjaValue right) => JinjaFault.Failed($"'{@operator}' cannot join a {left.TypeName} and a {right.TypeName}");

    private static JinjaFault DividedByZero() => JinjaFault.Failed("a number is divided by zero");

    private static JinjaFault Overflow() => JinjaFault.Failed("a whole number does not fit 64 bits");
}
